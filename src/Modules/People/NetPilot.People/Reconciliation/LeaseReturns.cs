namespace NetPilot.People.Reconciliation;

/// <summary>
/// Gives leases back under which nothing more is done. Those that could not be given back while PostgreSQL was away are given back later, so that
/// their routers do not wait until they run out.
/// </summary>
internal sealed class LeaseReturns(PeopleStore store)
{
    private readonly ConcurrentQueue<Func<Task>> left = new();

    public Task GiveBackAsync(Guid userId, string routerId, Lease lease) => TryAsync(() => store.GiveBackAsync(userId, routerId, lease));

    /// <summary>Gives a lease back, and has all of the router looked at again: what was stored under the lease may be wanted no longer.</summary>
    public Task LookAgainAsync(OwnedRouter router, Lease lease, DateTimeOffset at) =>
        TryAsync(() => store.LookAgainAsync(router, lease, at));

    public Task GiveBackAsync(Lease lease) => TryAsync(() => store.GiveBackAsync(lease));

    /// <summary>Gives back what could not be given back before.</summary>
    public async Task RepeatAsync()
    {
        while (left.TryPeek(out var giveBack))
        {
            await giveBack();
            left.TryDequeue(out _);
        }
    }

    private async Task TryAsync(Func<Task> giveBack)
    {
        try
        {
            await giveBack();
        }
        catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
        {
            left.Enqueue(giveBack);
        }
    }
}
