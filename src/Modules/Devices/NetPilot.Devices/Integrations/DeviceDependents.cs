namespace NetPilot.Devices.Integrations;

/// <summary>Devices go with their router and with their owner.</summary>
internal sealed class DeviceDependents(NpgsqlDataSource database) : IRouterDependents, IUserDependents
{
    public Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        DeleteDevices.OfRouterAsync(database, userId, routerId, cancellationToken);

    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken) =>
        DeleteDevices.OfUserAsync(database, userId, cancellationToken);
}
