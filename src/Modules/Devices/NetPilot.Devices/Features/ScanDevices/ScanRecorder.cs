using Microsoft.EntityFrameworkCore;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Data;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>Makes of a scan's report what is stored, what others learn of it, and what the user sees.</summary>
internal sealed class ScanRecorder(ScanStore store, DevicesDbContext db, BlockedFlags blocked, IEnumerable<IDeviceSightings> sightings)
{
    public async Task<ScanDevicesResponse> RecordAsync(
        OwnedRouter router,
        ScanReport report,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    )
    {
        var findings = ScanFindings.Of(report);
        var added = await store.SaveAsync(router, findings.Devices, scannedAt, cancellationToken);
        DeviceSighting[] seen = [.. findings.Devices.Where(d => d.Mac is not null).Select(d => new DeviceSighting(d.Mac!, d.Address))];
        foreach (var listener in sightings)
        {
            await listener.DevicesSeenAsync(router, seen, cancellationToken);
        }

        var blocks = await blocked.OfRouterAsync(router.UserId, router.RouterId, cancellationToken);
        var devices = await FindAsync(router, findings.Devices, cancellationToken);
        return new ScanDevicesResponse(
            [.. devices.Select(device => DeviceResponse.Of(device, blocks))],
            findings.Devices.Count,
            added,
            [.. findings.Skipped.Select(skip => new SkippedRecord(skip.Address, skip.Mac, skip.Reason))],
            scannedAt
        );
    }

    private Task<List<UserDevice>> FindAsync(OwnedRouter router, IReadOnlyList<ScannedDevice> found, CancellationToken cancellationToken)
    {
        var macs = found.Select(device => device.Mac).OfType<System.Net.NetworkInformation.PhysicalAddress>().ToArray();
        var addresses = found.Where(device => device.Mac is null).Select(device => device.Address).ToArray();
        return db
            .Devices.AsNoTracking()
            .BehindRouter(router.UserId, router.RouterId)
            .Where(device => device.Mac == null ? addresses.Contains(device.Ip) : macs.Contains(device.Mac))
            .OrderByDescending(device => device.FirstSeen)
            .ThenByDescending(device => device.Id)
            .ToListAsync(cancellationToken);
    }
}
