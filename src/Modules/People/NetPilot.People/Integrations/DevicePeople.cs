namespace NetPilot.People.Integrations;

/// <summary>What Devices asks: whose a device is.</summary>
internal sealed class DevicePeople : IDevicePeople
{
    public DbBatchCommand Among(Guid userId, string routerId, Guid[] deviceIds) => FindPeopleOfDevices.Of(userId, routerId, deviceIds);

    public Task<IReadOnlyDictionary<Guid, Guid>> ReadAsync(DbDataReader result, CancellationToken cancellationToken) =>
        FindPeopleOfDevices.ReadAsync(result, cancellationToken);
}

/// <summary>
/// That a device is somebody's, and its schedules, go with the device, or move to the one that it is merged into. What it is held by moves in
/// Blacklist; the router's state is worked out anew.
/// </summary>
internal sealed class PeopleDevices(PeopleWorker worker, TimeProvider time) : IDeviceDependents
{
    public Task DeleteAsync(DeviceRemoval removal, DbTransaction transaction, CancellationToken cancellationToken) =>
        FollowDevice.DeleteAsync((NpgsqlTransaction)transaction, removal, time.UtcNow(), cancellationToken);

    public Task MergeAsync(DeviceMerge merge, DbTransaction transaction, CancellationToken cancellationToken) =>
        FollowDevice.MergeAsync((NpgsqlTransaction)transaction, merge, time.UtcNow(), cancellationToken);

    public Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken)
    {
        worker.Nudge();
        return Task.CompletedTask;
    }
}
