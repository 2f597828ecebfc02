using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>
/// Carries out what the workers claim, router by router, by the server's own session. Routers are independent of each other: one that
/// hangs keeps its own place and nobody else's.
/// </summary>
internal sealed partial class RuleMaintenance(
    RuleStore store,
    RuleReconciler reconciler,
    RuleLifecycle lifecycle,
    RunningCommands running,
    IRouterOwnership ownership,
    IRouterTurns turns,
    IMaintenanceSession session,
    IOptions<CommandsServerOptions> options,
    TimeProvider time,
    ILogger<RuleMaintenance> logger
)
{
    /// <summary>How many routers are worked on at once, by all workers of this replica together. None holds a connection while it calls.</summary>
    private const int Places = 128;

    // Other commands for the router wait meanwhile.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(2);
    private int taken;

    /// <summary>How many more routers may be claimed now.</summary>
    public int FreePlaces => Places - Volatile.Read(ref taken);

    /// <summary>Until when a claim holds if this replica dies with it.</summary>
    public DateTimeOffset ClaimUntil(DateTimeOffset now) => lifecycle.AfterLease(now).ToMicroseconds();

    /// <summary>Starts work on the claimed rows of each router, and returns. <paramref name="whenRoomy"/> is called when half of the places are free again.</summary>
    public async Task StartAsync(
        IReadOnlyList<(RuleKind Kind, DueRules Due)> claims,
        RouterActivityKind asked,
        Action whenRoomy,
        CancellationToken cancellationToken
    )
    {
        if (claims.Count == 0)
        {
            return;
        }

        var owners = await ownership.FindOwnersAsync(claims.Select(claim => claim.Due.RouterId).Distinct().ToArray(), cancellationToken);
        var actor = new CommandActor(null, await session.GetCommandsSessionIdAsync(cancellationToken));
        foreach (var router in claims.GroupBy(claim => (claim.Due.UserId, claim.Due.RouterId)))
        {
            Interlocked.Increment(ref taken);
            var owner = owners.GetValueOrDefault(router.Key.RouterId);
            running.Track(WorkAsync(router.Key.UserId, router.Key.RouterId, owner, actor, router.ToArray(), asked, whenRoomy));
        }
    }

    private async Task WorkAsync(
        Guid userId,
        string routerId,
        OwnedRouter? owner,
        CommandActor actor,
        IReadOnlyList<(RuleKind Kind, DueRules Due)> claims,
        RouterActivityKind asked,
        Action whenRoomy
    )
    {
        try
        {
            await Task.Yield();
            if (owner is null || owner.UserId != userId)
            {
                // The router was released, and a crash left these behind: its rules are reset from Routers' side.
                await store.DeleteForRouterAsync(userId, routerId, CancellationToken.None);
                return;
            }

            await ReconcileAsync(owner, actor, claims, asked);
        }
        catch (Exception exception)
        {
            // The claim runs out, and the rows are due again.
            Log.RouterFailed(logger, routerId, exception);
        }
        finally
        {
            if (Interlocked.Decrement(ref taken) == Places / 2)
            {
                whenRoomy();
            }
        }
    }

    private async Task ReconcileAsync(
        OwnedRouter router,
        CommandActor actor,
        IReadOnlyList<(RuleKind Kind, DueRules Due)> claims,
        RouterActivityKind asked
    )
    {
        var callTimeout = options.Value.Timeouts.Command;
        var turn = await turns.TakeAsync(router, callTimeout, TimeSpan.Zero, CancellationToken.None);
        if (turn is null)
        {
            var soon = time.UtcNow() + TimeSpan.FromSeconds(1);
            foreach (var (kind, due) in claims.Where(claim => claim.Due.Ids.Count > 0))
            {
                await store.PostponeAsync(kind, due, soon, CancellationToken.None);
            }

            if (asked == RouterActivityKind.Drift)
            {
                // Somebody may have asked for this check, and the next one is a whole interval away.
                await store.ScheduleCheckAsync(router.UserId, router.RouterId, soon, CancellationToken.None);
            }

            return;
        }

        var activities = new List<RouterActivity>();
        var remaining = 0;
        try
        {
            var isFresh = true;
            foreach (var claim in claims.GroupBy(claim => claim.Kind))
            {
                var held = new HeldTurn(router, actor, turn, callTimeout);
                var ids = claim.SelectMany(part => part.Due.Ids).ToHashSet();
                if (
                    ids.Count == 0
                    && claim.Key != RuleKind.Block
                    && !await store.AnyAsync(claim.Key, router.UserId, router.RouterId, CancellationToken.None)
                )
                {
                    continue;
                }

                if (!isFresh)
                {
                    await turns.RenewAsync(turn, callTimeout, CancellationToken.None);
                }

                isFresh = false;
                var report = await reconciler.RunAsync(claim.Key, held, new ReconciliationOrder(asked, ids, Eager: false, LongestTurn));
                activities.AddRange(held.Activities);
                remaining += report.Remaining;
            }
        }
        finally
        {
            await turns.ReleaseAsync(turn, activities, CancellationToken.None);
        }

        if (remaining > 0)
        {
            // The router's other commands come first; then the next part of a long repair.
            await store.ScheduleCheckAsync(router.UserId, router.RouterId, time.UtcNow(), CancellationToken.None);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The rules of router {RouterId} could not be settled; they are due again when the claim runs out")]
        public static partial void RouterFailed(ILogger logger, string routerId, Exception exception);
    }
}
