using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Integrations;

/// <summary>Tells each <see cref="IDeviceDependents"/>. They are resolved late, because they may depend on who tells them.</summary>
internal sealed class DependentsOfDevices(IServiceScopeFactory scopes)
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

    public Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken) =>
        ForEachAsync(dependent => dependent.FollowAsync(router, actor, cancellationToken));

    private async Task ForEachAsync(Func<IDeviceDependents, Task> tell)
    {
        await using var scope = scopes.CreateAsyncScope();
        foreach (var dependent in scope.ServiceProvider.GetServices<IDeviceDependents>())
        {
            await tell(dependent);
        }
    }
}
