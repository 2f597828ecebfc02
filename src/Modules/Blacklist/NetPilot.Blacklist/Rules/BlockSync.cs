using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>A comparison that a user asked for: in several turns if there is much to mend, so that the router's other commands are not kept waiting.</summary>
internal sealed class BlockSync(
    RuleReconciler reconciler,
    RuleStore store,
    IRouterTurns turns,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(2);

    /// <summary>Null: no turn came in time, and nothing was sent.</summary>
    public async Task<ReconciliationReport?> RunAsync(OwnedRouter router, CommandActor actor)
    {
        var budget = new RequestBudget(time, options.Value.Timeouts);
        var report = await RunTurnAsync(router, actor, budget, null);
        while (report is { Failure: null, Remaining: > 0 } && budget.Patience > TimeSpan.Zero)
        {
            var next = await RunTurnAsync(router, actor, budget, report.Seen);
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
            await store.ScheduleCheckAsync(router.UserId, router.RouterId, time.UtcNow(), CancellationToken.None);
        }

        return report;
    }

    private async Task<ReconciliationReport?> RunTurnAsync(OwnedRouter router, CommandActor actor, RequestBudget budget, Sightings? seen)
    {
        var command = options.Value.Timeouts.Command;
        if (await turns.TakeAsync(router, command, budget.Patience, CancellationToken.None) is not { } turn)
        {
            return null;
        }

        var held = new HeldTurn(router, actor, turn, command, budget);
        try
        {
            var patience = budget.Patience < LongestTurn ? budget.Patience : LongestTurn;
            return await reconciler.RunAsync(
                RuleKind.Block,
                held,
                new ReconciliationOrder(RouterActivityKind.Sync, [], Eager: true, patience, seen)
            );
        }
        finally
        {
            await turns.ReleaseAsync(turn, held.Activities, CancellationToken.None);
        }
    }
}
