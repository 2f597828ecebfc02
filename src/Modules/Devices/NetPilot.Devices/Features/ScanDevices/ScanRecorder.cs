namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>What a scan stored, and what else is known of the devices that it found.</summary>
internal sealed record RecordedScan(StoredScan Stored, KnownDetails Details);

/// <summary>Stores a scan and tells the <see cref="IDeviceSightings"/>. These are resolved late, because they may depend on this class.</summary>
internal sealed class ScanRecorder(StoreScan store, DeviceDependents dependents, DependentsOfDevices others, IServiceScopeFactory scopes)
    : IDeviceScans
{
    Task IDeviceScans.RecordAsync(
        OwnedRouter router,
        ScanReport report,
        DateTimeOffset scannedAt,
        bool byUser,
        CancellationToken cancellationToken
    ) => StoreAsync(router, ScanFindings.Of(report), scannedAt, byUser, cancellationToken);

    /// <summary>Null if the router was given up during the scan. Nothing is kept then.</summary>
    public async Task<RecordedScan?> StoreAsync(
        OwnedRouter router,
        ScanFindings findings,
        DateTimeOffset scannedAt,
        bool byUser,
        CancellationToken cancellationToken
    )
    {
        var stored = await store.RunAsync(router, findings, scannedAt, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        foreach (var follower in scope.ServiceProvider.GetServices<IDeviceSightings>())
        {
            await follower.DevicesSeenAsync(router, findings.Sightings, byUser, cancellationToken);
        }

        if (stored.HasMerged)
        {
            await others.FollowAsync(router, actor: null, cancellationToken);
        }

        // The router may have been given up during the scan. This is asked after the write, so that either this or the release deletes the rows.
        var details = await scope
            .ServiceProvider.GetRequiredService<DeviceDetails>()
            .OfOwnedAsync(router, stored.Devices, cancellationToken);
        if (details is null)
        {
            await dependents.DeleteForRouterAsync(router.UserId, router.RouterId, cancellationToken);
            return null;
        }

        return new RecordedScan(stored, details);
    }
}
