using System.Collections.Concurrent;
using NetPilot.Identity.Contracts;

namespace NetPilot.Identity.Tests.Accounts;

/// <summary>Which dependents were told of which user, in order; and who is to fail.</summary>
internal sealed class DeletionLog
{
    public ConcurrentQueue<(Guid UserId, int Order)> Calls { get; } = new();

    /// <summary>Users at whose deletion the second dependents fail, once.</summary>
    public ConcurrentDictionary<Guid, bool> Failing { get; } = new();

    public int[] OrdersOf(Guid userId) => [.. Calls.Where(call => call.UserId == userId).Select(call => call.Order)];
}

/// <summary>Stands for a module above Identity.</summary>
internal sealed class LoggedDependents(DeletionLog log, int order) : IUserDependents
{
    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken)
    {
        log.Calls.Enqueue((userId, order));
        return order == 2 && log.Failing.TryRemove(userId, out _)
            ? throw new InvalidOperationException("These dependents were told to fail.")
            : Task.CompletedTask;
    }
}
