namespace NetPilot.Blacklist.Settling;

/// <summary>A comparison that a user asked for: in several turns if there is much to mend, so that the router's other commands are not kept waiting.</summary>
internal sealed class BlockSync(
    IRouterOwnership ownership,
    RuleReconciler reconciler,
    RuleStore store,
    RuleTurns turns,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <summary>Null: no turn came in time, and nothing was sent.</summary>
    /// <exception cref="ProblemException">404 <c>router_not_found</c>: the router was given up while this waited.</exception>
    public async Task<ReconciliationReport?> RunAsync(OwnedRouter router, CommandActor actor)
    {
        var budget = new RequestBudget(time, options.Value.Timeouts);
        var firstFence = 0L;
        var report = await RunTurnAsync(null);
        if (report is null)
        {
            await ownership.DemandStillOwnedAsync(router, CancellationToken.None);
        }

        while (report is { Failure: null, Remaining: > 0 } && budget.Patience > TimeSpan.Zero)
        {
            var next = await RunTurnAsync(report.Seen);
            if (next is null or { Failure: not null })
            {
                break;
            }

            next.Reapplied.InsertRange(0, report.Reapplied);
            next.Lifted.InsertRange(0, report.Lifted);
            report = next;
        }

        if (report?.Remaining > 0)
        {
            await store.ScheduleCheckAsync(router.UserId, router.RouterId, time.UtcNow());
        }

        return report;

        async Task<ReconciliationReport?> RunTurnAsync(Sightings? seen)
        {
            await using var turn = await turns.TakeAsync(router, actor, budget);
            if (turn is null)
            {
                return null;
            }

            firstFence = firstFence == 0 ? turn.Fence : firstFence;
            var patience = budget.Patience < ReconciliationOrder.LongestTurn ? budget.Patience : ReconciliationOrder.LongestTurn;
            var order = new ReconciliationOrder(RuleKind.Block, RouterActivityKind.Sync, [], patience, Eager: true, seen)
            {
                FirstFence = firstFence,
            };
            return await reconciler.RunAsync(turn, order);
        }
    }
}
