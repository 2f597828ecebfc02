using Microsoft.Extensions.Options;

namespace NetPilot.People.Reconciliation;

/// <summary>
/// Puts in force what begins or ends by itself, and what a crash left due. It looks at what holds now: of windows that began and ended while
/// the server was down nothing is done.
/// </summary>
internal sealed partial class PeopleWorker(
    PeopleStore store,
    LeaseReturns leases,
    PeopleReconciler reconciler,
    IDeviceHolds holds,
    ServersActivity activity,
    RunningPlans running,
    IRouterOwnership ownership,
    IUserTiers tiers,
    IMaintenanceSession session,
    IOptions<PeopleOptions> options,
    TimeProvider time,
    ILogger<PeopleWorker> logger
) : PeriodicWorker(time, logger)
{
    /// <summary>How many routers' holds are stored at once. The commands that follow from them go on by themselves, and keep no place.</summary>
    private const int Places = 64;

    // Each command that is under way takes memory and a connection to the Commands-Server, which may answer none of them.
    private const int MostUnderWay = 2_000;

    private int taken;

    protected override TimeSpan Interval => options.Value.ScheduleInterval;

    private int FreePlaces => Math.Min(Places - Volatile.Read(ref taken), Math.Max(0, MostUnderWay - holds.UnderWay));

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        await activity.FlushAsync();
        await leases.RepeatAsync();
        if (FreePlaces <= 0)
        {
            return false;
        }

        var lease = store.NewLease();
        try
        {
            return await StartAsync(lease, cancellationToken);
        }
        catch
        {
            // Nothing is begun, be it that the answer to the claim was lost. Others may come to it at once.
            await leases.GiveBackAsync(lease);
            throw;
        }
    }

    private async Task<bool> StartAsync(Lease lease, CancellationToken cancellationToken)
    {
        var claimed = await store.ClaimAsync(lease, FreePlaces, cancellationToken);
        if (claimed.Count == 0)
        {
            return false;
        }

        var states = await store.LoadAsync(claimed);
        var owners = await ownership.FindOwnersAsync([.. claimed.Select(row => row.RouterId).Distinct()], cancellationToken);
        var tierOf = await tiers.FindAsync([.. claimed.Select(row => row.UserId).Distinct()], cancellationToken);
        var actor = new CommandActor(null, await session.GetCommandsSessionIdAsync(cancellationToken));
        foreach (var state in states)
        {
            Interlocked.Increment(ref taken);
            var owner = owners.GetValueOrDefault(state.Row.RouterId);
            var order =
                owner?.UserId == state.Row.UserId && tierOf.TryGetValue(state.Row.UserId, out var tier)
                    ? new ReconcileOrder(owner, actor, tier, null, Wait: TimeSpan.Zero)
                    : null;
            running.Track(WorkAsync(order, state, lease));
        }

        return FreePlaces > 0;
    }

    private async Task WorkAsync(ReconcileOrder? order, RouterState state, Lease lease)
    {
        try
        {
            await Task.Yield();
            if (order is null)
            {
                // The router was given up, and a crash left these behind.
                if (!await store.DeleteLeftAsync(state.Row, lease))
                {
                    await leases.GiveBackAsync(state.Row.UserId, state.Row.RouterId, lease);
                }

                return;
            }

            await reconciler.RunAsync(order, state, lease);
        }
        catch (Exception exception)
        {
            LogRouterFailed(
                logger,
                DatabaseFailures.IsUnavailable(exception) ? LogLevel.Warning : LogLevel.Error,
                state.Row.RouterId,
                exception
            );
        }
        finally
        {
            switch (Interlocked.Decrement(ref taken))
            {
                case Places / 2:
                    Nudge();
                    break;
                case 0:
                    await activity.FlushAsync();
                    break;
            }
        }
    }

    [LoggerMessage("What people and schedules of router {RouterId} want could not be put in force; it is due still")]
    private static partial void LogRouterFailed(ILogger logger, LogLevel level, string routerId, Exception exception);
}
