namespace NetPilot.Blacklist.Settling;

/// <summary>
/// Carries out what the workers claim, router by router, by the server's own session. Routers are independent of each other: one that
/// hangs keeps nobody else waiting for long.
/// </summary>
internal sealed partial class RuleMaintenance(
    RuleStore store,
    RuleReconciler reconciler,
    RulePacing pacing,
    RunningCommands running,
    IRouterOwnership ownership,
    RuleTurns turns,
    IMaintenanceSession session,
    TimeProvider time,
    ILogger<RuleMaintenance> logger
)
{
    /// <summary>How many routers have a place at once, by all workers of this replica together. None holds a connection while it calls.</summary>
    private const int Places = 128;

    /// <summary>How long a router keeps its place. One that hangs is waited for without it.</summary>
    private static readonly TimeSpan LongestInPlace = TimeSpan.FromSeconds(5);

    /// <summary>For how long a repair goes by the scan that it made.</summary>
    private static readonly TimeSpan LongestRepair = TimeSpan.FromMinutes(1);

    private int taken;

    /// <summary>How many more routers may be claimed now.</summary>
    public int FreePlaces => Places - Volatile.Read(ref taken);

    /// <summary>What a worker may claim now.</summary>
    public ClaimTerms TermsOf(DateTimeOffset now) =>
        new(now, pacing.AfterLease(now).ToMicroseconds(), FreePlaces) { Latest = pacing.LatestLook(now) };

    /// <summary>Starts work on the claimed rows of each router, and returns. <paramref name="whenRoomy"/> is called when half of the places are free again.</summary>
    public async Task StartAsync(
        IReadOnlyList<DueRules> claims,
        RouterActivityKind asked,
        Action whenRoomy,
        CancellationToken cancellationToken
    )
    {
        if (claims.Count == 0)
        {
            return;
        }

        var owners = await ownership.FindOwnersAsync(claims.Select(due => due.RouterId).Distinct().ToArray(), cancellationToken);
        var actor = new CommandActor(null, await session.GetCommandsSessionIdAsync(cancellationToken));
        foreach (var router in claims.GroupBy(due => (due.UserId, due.RouterId)))
        {
            Interlocked.Increment(ref taken);
            var owner = owners.GetValueOrDefault(router.Key.RouterId);
            var work = WorkAsync(owner, actor, router.ToArray(), asked);
            running.Track(work);
            _ = LeavePlaceAsync(work, whenRoomy);
        }
    }

    private async Task LeavePlaceAsync(Task work, Action whenRoomy)
    {
        await work.WaitAsync(LongestInPlace, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Interlocked.Decrement(ref taken) == Places / 2)
        {
            whenRoomy();
        }
    }

    private async Task WorkAsync(OwnedRouter? owner, CommandActor actor, DueRules[] claims, RouterActivityKind asked)
    {
        var (userId, routerId) = (claims[0].UserId, claims[0].RouterId);
        try
        {
            await Task.Yield();
            if (owner is null || owner.UserId != userId)
            {
                await CleanAsync(userId, routerId);
                return;
            }

            await ReconcileAsync(owner, actor, claims, asked);
        }
        catch (Exception exception)
        {
            // The claim runs out, and the rows are due again.
            LogRouterFailed(logger, routerId, exception);
        }
    }

    // The router was released, and a crash left these behind: its rules are reset from Routers' side. The user can have claimed it again since the owners
    // were read; what was made from then on stays.
    private async Task CleanAsync(Guid userId, string routerId)
    {
        var now = time.UtcNow();
        var owners = await ownership.FindOwnersAsync([routerId], CancellationToken.None);
        if (owners.GetValueOrDefault(routerId)?.UserId != userId)
        {
            await store.DeleteRouterAsync(userId, routerId, createdBefore: now);
        }
    }

    private async Task ReconcileAsync(OwnedRouter router, CommandActor actor, DueRules[] claims, RouterActivityKind asked)
    {
        var started = time.GetTimestamp();
        var repair = new Repair();
        do
        {
            // The router's other commands come first; then the next part of a long repair, which goes by the same scan.
            await using var turn = await turns.TakeAsync(router, actor, budget: null);
            if (turn is null)
            {
                await PutOffAsync(router, claims, asked == RouterActivityKind.Drift || repair.Remaining > 0);
                return;
            }

            repair = await RunTurnAsync(turn, claims, asked, repair);
        } while (repair is { Remaining: > 0, IsWhole: true } && time.GetElapsedTime(started) < LongestRepair);

        if (asked == RouterActivityKind.Drift)
        {
            await store.FinishChecksAsync(
                [(router.UserId, router.RouterId)],
                claims[0].ClaimedUntil,
                time.UtcNow(),
                pacing.NextCheck(router, repair.IsWhole, time.UtcNow())
            );
        }

        if (repair.Remaining > 0)
        {
            await store.ScheduleCheckAsync(router.UserId, router.RouterId, time.UtcNow());
        }
    }

    private async Task<Repair> RunTurnAsync(RuleTurn turn, DueRules[] claims, RouterActivityKind asked, Repair before)
    {
        var repair = before with { Remaining = 0, FirstFence = Math.Min(before.FirstFence, turn.Fence) };
        var isFirst = true;
        foreach (var claim in claims.GroupBy(due => due.Kind))
        {
            HashSet<Guid> ids = [.. claim.SelectMany(due => due.Ids)];
            if (ids.Count == 0 && claim.Key != RuleKind.Block && !await store.AnyAsync(claim.Key, turn.Router.UserId, turn.Router.RouterId))
            {
                continue;
            }

            if (!isFirst && !await turn.MayGoOnAsync())
            {
                return repair with { IsWhole = false };
            }

            isFirst = false;
            var order = new ReconciliationOrder(claim.Key, asked, ids, ReconciliationOrder.LongestTurn)
            {
                Seen = claim.Key.FollowsDevice ? before.Seen : null,
                Lost = repair.Lost,
                FirstFence = repair.FirstFence,
            };
            var report = await reconciler.RunAsync(turn, order);
            repair = repair with
            {
                Seen = report.Seen ?? repair.Seen,
                Remaining = repair.Remaining + report.Remaining,
                Lost = [.. repair.Lost, .. report.Lost],
                // A router can lack the other lists for good.
                IsWhole = repair.IsWhole && (report.Failure is null || claim.Key != RuleKind.Block),
            };
        }

        return repair;
    }

    private async Task PutOffAsync(OwnedRouter router, DueRules[] claims, bool isOfRouter)
    {
        var soon = time.UtcNow() + TimeSpan.FromSeconds(1);
        foreach (var due in claims.Where(due => due.Ids.Count > 0))
        {
            await store.PostponeAsync(due, soon);
        }

        if (isOfRouter)
        {
            // Somebody may have asked for this check, and the next one is a whole interval away.
            await store.ScheduleCheckAsync(router.UserId, router.RouterId, soon);
        }
    }

    /// <summary>What the turns of a repair came to so far.</summary>
    private sealed record Repair
    {
        public Sightings? Seen { get; init; }
        public int Remaining { get; init; }
        public HashSet<Guid> Lost { get; init; } = [];
        public bool IsWhole { get; init; } = true;
        public long FirstFence { get; init; } = long.MaxValue;
    }

    [LoggerMessage(LogLevel.Error, "The rules of router {RouterId} could not be settled; they are due again when the claim runs out")]
    private static partial void LogRouterFailed(ILogger logger, string routerId, Exception exception);
}
