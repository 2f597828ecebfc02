using Microsoft.Extensions.Logging;

namespace NetPilot.Devices.Integrations;

/// <summary>Tells each <see cref="IDeviceDependents"/>. They are resolved late, because they may depend on who tells them.</summary>
internal sealed partial class DependentsOfDevices(IServiceScopeFactory scopes, ILogger<DependentsOfDevices> logger)
{
    public Task DeleteAsync(DeviceRemoval removal, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ForEachAsync(dependent => dependent.DeleteAsync(removal, transaction, cancellationToken));

    public Task MergeAsync(IReadOnlyList<DeviceMerge> merges, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ForEachAsync(async dependent =>
        {
            foreach (var merge in merges)
            {
                await dependent.MergeAsync(merge, transaction, cancellationToken);
            }
        });

    /// <summary>
    /// To be called once the change is committed: it has succeeded then, whatever follows. Who is kept from following by PostgreSQL finds the stored
    /// intent later.
    /// </summary>
    public Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken) =>
        ForEachAsync(async dependent =>
        {
            try
            {
                await dependent.FollowAsync(router, actor, cancellationToken);
            }
            catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
            {
                LogFollowsLater(logger, dependent.GetType().Name, router.RouterId, exception);
            }
        });

    private async Task ForEachAsync(Func<IDeviceDependents, Task> tell)
    {
        await using var scope = scopes.CreateAsyncScope();
        foreach (var dependent in scope.ServiceProvider.GetServices<IDeviceDependents>())
        {
            await tell(dependent);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Dependent} follows a change of the devices of router {RouterId} later")]
    private static partial void LogFollowsLater(ILogger logger, string dependent, string routerId, Exception exception);
}
