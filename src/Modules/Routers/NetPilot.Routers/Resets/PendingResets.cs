namespace NetPilot.Routers.Resets;

/// <summary>
/// Takes the last owner's rules off a router that was given up, in the server's own name. The row goes when the reset is acknowledged, in
/// the same turn, so that none runs after a command of the next owner; an unknown outcome is tried again, since a reset may run twice.
/// A router that can be asked for its rules and does not clear them refuses: it gets a few more chances, and the next owner's commands do not
/// wait for them (docs/decisions/0030).
/// </summary>
internal sealed partial class PendingResets(
    NpgsqlDataSource database,
    IDbContextFactory<RoutersDbContext> contexts,
    ICommandsClient client,
    IMaintenanceSession maintenance,
    IRouterActivityLog log,
    IOptions<CommandsServerOptions> options,
    TimeProvider time,
    ILogger<PendingResets> logger
)
{
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);

    /// <summary>The waits after refusals. Each attempt may restart the router's firewall, so they are few.</summary>
    private static readonly TimeSpan[] AfterRefusals = [TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1)];

    /// <summary>
    /// Does the router's pending reset inside this turn. True when the turn may go on to its own command: the reset is done, or the router
    /// refused it and no later attempt follows.
    /// </summary>
    /// <param name="turn">The turn. Where nobody owns it, it is for the reset alone.</param>
    /// <param name="turns">Says whether the turn still holds.</param>
    /// <param name="isAwaited">Whether the turn is waited for, as for a command that is first carried out. What the server repeats by itself comes after the pause.</param>
    /// <param name="cancellationToken">Ends the work before the reset is sent.</param>
    public async Task<bool> RunAsync(RouterTurn turn, IRouterTurns turns, bool isAwaited, CancellationToken cancellationToken)
    {
        if (await FindAsync(turn.RouterId, cancellationToken) is not { } pending)
        {
            return true;
        }

        if (pending.IsOver)
        {
            await ForgetAsync(pending, [], cancellationToken);
            LogGivenUp(logger, turn.RouterId, pending.Attempts);
            return true;
        }

        if (turn.OwnerId is { } owner && pending.RefusedCode is { } code)
        {
            // No reset may run after this owner's command, so there will be no other attempt.
            await ForgetAsync(pending, [KnownRefusal(pending, owner, code)], cancellationToken);
            LogLeft(logger, turn.RouterId, code, pending.Refusals);
            return true;
        }

        if (turn.OwnerId is not null && !isAwaited && pending.IsPaused)
        {
            return false;
        }

        return await AttemptAsync(turn, pending, turns, cancellationToken);
    }

    private async Task<bool> AttemptAsync(RouterTurn turn, Pending pending, IRouterTurns turns, CancellationToken cancellationToken)
    {
        var session = await maintenance.GetCommandsSessionIdAsync(cancellationToken);
        var target = turns.TargetOf(turn, session, options.Value.Timeouts.Command);
        var startedAt = time.UtcNow();
        var started = time.GetTimestamp();
        if (await ResetAsync(target, pending, Renew, cancellationToken) is not { } result)
        {
            // Whoever has the turn now does the reset first, and this one is not to run after their command.
            return false;
        }

        // The last owner's list has gone with the claim; the next owner's says what was waited for.
        RouterActivity[] activities = pending.NextOwnerId is { } owner
            ?
            [
                RouterActivity.Of(
                    owner,
                    turn.RouterId,
                    null,
                    RouterActivityKind.Reset,
                    null,
                    result,
                    startedAt,
                    time.GetElapsedTime(started)
                ) with
                {
                    // The server tries for a day, and the entries are the owner's.
                    OnlyIfNew = !result.IsSuccess,
                },
            ]
            : [];
        if (result.IsSuccess)
        {
            await ForgetAsync(pending, activities, CancellationToken.None);
            LogDone(logger, turn.RouterId);
            return true;
        }

        if (result.Failure.Router is RouterSighting.Present)
        {
            return await RefuseAsync(pending, turn.OwnerId, result.Failure, activities);
        }

        var wait = Backoff.Doubled(maintenance.SweepInterval, pending.Attempts, LongestBackoff);
        LogFailed(logger, turn.RouterId, result.Failure.Code, wait);
        await PostponeAsync(pending, wait, null, activities);
        return false;

        Task<bool> Renew() => turns.RenewAsync(turn, options.Value.Timeouts.Command, CancellationToken.None);
    }

    private async Task<bool> RefuseAsync(Pending pending, Guid? ownerId, CommandsFailure refusal, RouterActivity[] activities)
    {
        var refusals = pending.Refusals + 1;
        if (ownerId is not null || refusals > AfterRefusals.Length)
        {
            await ForgetAsync(pending, activities, CancellationToken.None);
            LogLeft(logger, pending.RouterId, refusal.Code, refusals);
            return true;
        }

        var wait = AfterRefusals[refusals - 1];
        LogFailed(logger, pending.RouterId, refusal.Code, wait);
        await PostponeAsync(pending, wait, refusal.Code, activities);
        return false;
    }

    /// <summary>
    /// Resets the router, and asks it for its rules where the failure leaves open whether it was there. It may have come back between the two, so
    /// the first reset that looks refused is sent once more. Null: the turn was lost before anything was sent.
    /// </summary>
    private async Task<CommandsResult<Unit>?> ResetAsync(
        CommandsTarget target,
        Pending pending,
        Func<Task<bool>> renew,
        CancellationToken cancellationToken
    )
    {
        if (!await renew())
        {
            return null;
        }

        for (var isLast = pending.RefusedCode is not null; ; isLast = true)
        {
            var reset = await client.ResetAsync(target, cancellationToken);
            if (!MayBeRefusal(reset) || !await renew())
            {
                return reset;
            }

            var seen = await LookAsync(reset, target);
            var mayHaveBeenAway =
                reset.Router is not RouterSighting.Present && seen is { IsSuccess: false, Router: RouterSighting.Present };
            if (isLast || !mayHaveBeenAway || !await renew())
            {
                return seen;
            }
        }
    }

    /// <summary>An answer came, so the command is over, and it was not that the router is away.</summary>
    private static bool MayBeRefusal(CommandsResult<Unit> result) =>
        result.Failure?.Kind is CommandsFailureKind.CommandFailed or CommandsFailureKind.NotSupported or CommandsFailureKind.ProtocolError;

    /// <summary>
    /// The deployed form answers a reset that the router refuses as one that never reached it. A router that says which rules it holds is there,
    /// and one that holds none needs no reset.
    /// </summary>
    private async Task<CommandsResult<Unit>> LookAsync(CommandsResult<Unit> failed, CommandsTarget target)
    {
        var rules = client.ListBlockedAsync(target, CancellationToken.None);
        var lists = Enum.GetValues<RouterList>().Select(list => client.GetListAsync(target, list, CancellationToken.None)).ToArray();
        await Task.WhenAll([rules, .. lists]);
        return await rules is not { IsSuccess: true, Data: var report } ? failed
            : report.IsEmpty && Array.TrueForAll(lists, list => list.Result is { IsSuccess: true, Data.IsEmpty: true })
                ? CommandsResult<Unit>.Success(default)
            : CommandsResult<Unit>.Failed(failed.Failure! with { Router = RouterSighting.Present, Effect = CommandEffect.NotDone });
    }

    private RouterActivity KnownRefusal(Pending pending, Guid ownerId, string code) =>
        new(
            pending.RouterId,
            ownerId,
            null,
            RouterActivityKind.Reset,
            null,
            RouterActivityOutcome.Failed,
            code,
            time.UtcNow(),
            TimeSpan.Zero,
            RouterSighting.None
        );

    private async Task<Pending?> FindAsync(string routerId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        var over = now - GivenUpAfter;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await (
            from reset in db.PendingResets
            where reset.RouterId == routerId
            join router in db.Routers on reset.RouterId equals router.RouterId into owned
            from router in owned.DefaultIfEmpty()
            select new Pending(
                reset.RouterId,
                reset.RequestedAt,
                reset.Attempts,
                reset.Refusals,
                reset.RefusedCode,
                router == null ? null : router.UserId,
                reset.NextAttemptAt > now,
                reset.RequestedAt <= over
            )
        ).SingleOrDefaultAsync(cancellationToken);
    }

    private async Task ForgetAsync(Pending pending, IReadOnlyList<RouterActivity> activities, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await Row(db, pending).ExecuteDeleteAsync(cancellationToken);
        await log.RecordAsync(activities);
    }

    private async Task PostponeAsync(Pending pending, TimeSpan wait, string? refusedCode, IReadOnlyList<RouterActivity> activities)
    {
        await PostponeReset.AfterAttemptAsync(database, pending.RouterId, pending.RequestedAt, wait, refusedCode);
        await log.RecordAsync(activities);
    }

    // A row that was renewed meanwhile belongs to a later owner, and stays.
    private static IQueryable<PendingReset> Row(RoutersDbContext db, Pending pending) =>
        db.PendingResets.Where(reset => reset.RouterId == pending.RouterId && reset.RequestedAt == pending.RequestedAt);

    private sealed record Pending(
        string RouterId,
        DateTimeOffset RequestedAt,
        int Attempts,
        int Refusals,
        string? RefusedCode,
        Guid? NextOwnerId,
        bool IsPaused,
        bool IsOver
    );

    [LoggerMessage(LogLevel.Information, "Router {RouterId} was given up, and its rules are cleared now")]
    private static partial void LogDone(ILogger logger, string routerId);

    [LoggerMessage(LogLevel.Information, "Router {RouterId} was given up and could not be reset ({Code}); tried again in {Wait}")]
    private static partial void LogFailed(ILogger logger, string routerId, string code, TimeSpan wait);

    [LoggerMessage(
        LogLevel.Warning,
        "Router {RouterId} was given up, refused to be reset ({Code}, {Refusals} times) and keeps the rules of its last owner"
    )]
    private static partial void LogLeft(ILogger logger, string routerId, string code, int refusals);

    [LoggerMessage(
        LogLevel.Warning,
        "Router {RouterId} could not be reset within a day ({Attempts} attempts) and keeps the rules of its last owner"
    )]
    private static partial void LogGivenUp(ILogger logger, string routerId, int attempts);
}
