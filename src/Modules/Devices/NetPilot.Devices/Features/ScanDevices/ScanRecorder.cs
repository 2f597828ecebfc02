using Microsoft.Extensions.DependencyInjection;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Integrations;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>Stores what a scan found, whoever asked for it, and tells it to those who follow devices.</summary>
/// <remarks>
/// They are resolved when there is something to tell: who follows devices may itself ask for scans and hand them in here.
/// </remarks>
internal sealed class ScanRecorder(ScanStore store, IRouterOwnership ownership, DeviceDependents dependents, IServiceScopeFactory scopes)
    : IDeviceScans
{
    Task IDeviceScans.RecordAsync(OwnedRouter router, ScanReport report, DateTimeOffset scannedAt, CancellationToken cancellationToken) =>
        StoreAsync(router, ScanFindings.Of(report), scannedAt, cancellationToken);

    /// <summary>Null where the router was given up during the scan; nothing is kept then.</summary>
    public async Task<StoredScan?> StoreAsync(
        OwnedRouter router,
        ScanFindings findings,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    )
    {
        var stored = await store.SaveAsync(router, findings, scannedAt, cancellationToken);
        // A scan can take a minute: what it found belongs to nobody if the router was given up meanwhile. Asked after it was stored, so that
        // either this or the giving up removes it.
        if (await ownership.FindAsync(router.UserId, router.RouterId, cancellationToken) is null)
        {
            await dependents.DeleteForRouterAsync(router.UserId, router.RouterId, cancellationToken);
            return null;
        }

        await using var scope = scopes.CreateAsyncScope();
        foreach (var follower in scope.ServiceProvider.GetServices<IDeviceSightings>())
        {
            await follower.DevicesSeenAsync(router, findings.Sightings, cancellationToken);
        }

        return stored;
    }
}
