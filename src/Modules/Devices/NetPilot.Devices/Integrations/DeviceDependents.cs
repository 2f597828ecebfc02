using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Devices.Integrations;

/// <summary>Devices go with their router and with their owner. The rows of the scans go first, in one order, since scans that are being stored hold them.</summary>
internal sealed class DeviceDependents(NpgsqlDataSource database) : IRouterDependents, IUserDependents
{
    public Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        DeleteAsync("user_id = $1 AND router_id = $2", [userId, routerId], cancellationToken);

    // A reset takes rules off the router, and devices are none.
    public Task ForgetClearingAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ExpectClearingAsync(Guid userId, RouterTurn turn, DateTimeOffset checkAt, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task ClearRulesAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken) =>
        DeleteAsync("user_id = $1", [userId], cancellationToken);

    private Task DeleteAsync(string condition, object[] values, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(token => DeleteOnceAsync(condition, values, token), cancellationToken);

    private async Task DeleteOnceAsync(string condition, object[] values, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch
            .With($"SELECT 1 FROM devices.router_scans WHERE {condition} ORDER BY router_id FOR UPDATE", values)
            .With($"DELETE FROM devices.router_scans WHERE {condition}", values)
            .With($"DELETE FROM devices.user_devices WHERE {condition}", values);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
