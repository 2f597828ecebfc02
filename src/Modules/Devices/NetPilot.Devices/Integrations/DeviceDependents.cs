namespace NetPilot.Devices.Integrations;

/// <summary>Devices go with their router and with their owner.</summary>
internal sealed class DeviceDependents(NpgsqlDataSource database) : IRouterDependents, IUserDependents
{
    public Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        DeleteDevices.OfRouterAsync(database, userId, routerId, cancellationToken);

    // A reset removes rules from the router, and devices have none.
    public Task ForgetClearingAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ExpectClearingAsync(Guid userId, RouterTurn turn, DateTimeOffset checkAt, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task ClearRulesAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken) =>
        DeleteDevices.OfUserAsync(database, userId, cancellationToken);
}
