namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Turns a row round that is under way to the opposite of what is asked for now: unblocks what is being blocked, and keeps what is being lifted.
/// </summary>
internal sealed class TurnRound(
    RuleStore store,
    RuleWriter writer,
    RuleTurns turns,
    RuleReconciler reconciler,
    RuleOutcomes outcomes,
    RunningCommands running,
    RuleSignals signals,
    SettleWorker settling,
    RulePacing pacing,
    TimeProvider time
)
{
    // What was never sent is cancelled without the router, which is soon done and better than any 202.
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Waits for the row to turn. Who prefers not to wait is told 202, and the row says from then on what is wanted: a late outcome of the first
    /// command does not count any more, and asking the router settles it. Null: look again.
    /// </summary>
    public async Task<RuleAnswer?> RunAsync(RuleTarget target, Rule rule, CancellationToken cancellationToken)
    {
        var turning = rule.State == RuleState.Lifting ? KeepAsync(target, rule) : CancelAsync(target, rule);
        running.Track(turning);
        if (target.Prefer is not { } prefer)
        {
            return (await turning.WaitAsync(cancellationToken))?.Value();
        }

        var patience = prefer.Wait > LeastPatience ? prefer.Wait : LeastPatience;
        if (await Task.WhenAny(turning, Task.Delay(patience, cancellationToken)) == turning)
        {
            var end = await turning;
            switch (end)
            {
                case null or { Problem: null } or { Rule: not { IsLive: true } }:
                    return end?.Value();
                // It is under way to the other end by now, and is joined.
                case { Rule.State: var state } when state != rule.State:
                    return null;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await store.PatchAsync(rule, RuleIntents.TurnedRound(rule, time.UtcNow()), cancellationToken) is not { } turned)
        {
            return null;
        }

        if (turned is { MaybeSent: true, SettleAt: { } due } && IsPause(due))
        {
            turned = await writer.LookNowAsync(turned);
        }

        settling.Nudge();
        return new RuleAnswer(turned, RuleAnswerKind.UnderWay);
    }

    /// <summary>
    /// Unblocks what is only being blocked: if nothing was sent for it, it is lifted as it is; else the router is asked, not before the
    /// command's own time is over. Null: the row has moved on, look again.
    /// </summary>
    private async Task<CommandEnd?> CancelAsync(RuleTarget target, Rule applying)
    {
        await using (var turn = await turns.TakeAsync(target.Router, target.Actor, target.Budget))
        {
            if (turn is null)
            {
                return new CommandEnd(applying, Problem.RouterBusy());
            }

            var rule = await store.FindAsync(applying);
            switch (rule)
            {
                case null:
                    return CommandEnd.NoRouter;
                case { State: RuleState.Lifted }:
                    return new CommandEnd(rule);
                case { State: not RuleState.Applying }:
                case var other when IsWantedAnew(other, applying):
                    return null;
                case { MaybeSent: false }:
                case { Fence: 0 } when running.IsUnsent(rule.Id):
                    return new CommandEnd(await turn.SaveAsync(rule, RuleOutcomes.Cancelled(rule, time.UtcNow())));
                case { SettleAt: { } due } when due <= time.UtcNow() || IsPause(due):
                    return await LiftAskedAsync(target, rule, turn);
            }
        }

        return await ReachedSettlingAsync(applying, target.Budget) ? null : await FailedAsync(applying);
    }

    private async Task<CommandEnd?> LiftAskedAsync(RuleTarget target, Rule rule, RuleTurn turn)
    {
        // As a lifting row, it is settled by asking: lifted where the router does not hold it, unblocked where it does.
        var now = time.UtcNow();
        // Who prefers not to wait is told that it goes on: where the router refuses, it waits for its next attempt.
        turn.AwaitedLift = target.Prefer is null ? rule.Id : null;
        if (
            await turn.SaveAsync(rule, outcomes.Withdrawn(rule, now) with { LetThroughAt = now })
            is not { State: RuleState.Lifting } lifting
        )
        {
            return null;
        }

        var order = new ReconciliationOrder(rule.Kind, RouterActivityKind.Settle, [rule.Id], Patience: turns.Timeouts.Command);
        var report = await reconciler.RunOnceAsync(turn, order);
        var settled = await store.FindAsync(rule) ?? lifting;
        return settled switch
        {
            { State: RuleState.Lifted } => new CommandEnd(settled),
            _ when report.Failure is { } failure => new CommandEnd(settled, failure.ToProblem()),
            // It waits for its device.
            { State: RuleState.Lifting, MaybeSent: false } => new CommandEnd(settled, null, RuleAnswerKind.UnderWay),
            _ => CommandEnd.Failed(settled),
        };
    }

    /// <summary>
    /// The row is being lifted, and is wanted again: waits for the lifting to end. A row that only waits for its device stays in force, if it ever was.
    /// Null: look again.
    /// </summary>
    private async Task<CommandEnd?> KeepAsync(RuleTarget target, Rule lifting)
    {
        if (lifting.MaybeSent && !(lifting.SettleAt is { } due && IsPause(due)))
        {
            return await ReachedSettlingAsync(lifting, target.Budget) ? null : await FailedAsync(lifting);
        }

        await using var turn = await turns.TakeAsync(target.Router, target.Actor, target.Budget);
        if (turn is null)
        {
            return new CommandEnd(lifting, Problem.RouterBusy());
        }

        return await store.FindAsync(lifting) switch
        {
            { } rule when IsWantedAnew(rule, lifting) => null,
            { State: RuleState.Lifting, MaybeSent: false, AppliedAt: not null } rule
                when await turn.SaveAsync(rule, KeptInForce(rule)) is { State: RuleState.InForce } kept => new CommandEnd(
                kept,
                null,
                RuleAnswerKind.Already
            ),
            { State: RuleState.Lifting } rule when !rule.MaybeSent || (rule.SettleAt is { } paused && IsPause(paused)) =>
                await KeepAskedAsync(rule, turn),
            _ => null,
        };
    }

    /// <summary>The list could not say what became of the lift: the router is asked again. Null: the rule is gone, and to be put in force anew.</summary>
    private async Task<CommandEnd?> KeepAskedAsync(Rule rule, RuleTurn turn)
    {
        var sight = await turn.FindAsync(rule);
        switch (sight.Presence)
        {
            case Presence.Present
                when await turn.SaveAsync(rule, RuleOutcomes.InForce(rule, time.UtcNow())) is { State: RuleState.InForce } kept:
                return new CommandEnd(kept, null, RuleAnswerKind.Already);
            case Presence.Unclear:
                return sight.Failure is { } failure ? new CommandEnd(rule, failure.ToProblem()) : CommandEnd.Failed(rule);
            case Presence.Absent:
                await turn.SaveAsync(rule, outcomes.LiftDone(rule, time.UtcNow()));
                break;
        }

        return null;
    }

    private RuleChange KeptInForce(Rule rule) =>
        RulesOfSeveral.IsOne(rule) ? RulesOfSeveral.Made(rule, time.UtcNow()) : RuleOutcomes.InForce(rule, time.UtcNow());

    /// <summary>
    /// Whether the row was turned round, or went on by itself, since it was read: what was asked for then may not be what is wanted now.
    /// </summary>
    private static bool IsWantedAnew(Rule now, Rule before) => now.GiveUpAt != before.GiveUpAt;

    /// <summary>Whether a row waits for its next look, and not for a command: none can be under way for as long as that.</summary>
    private bool IsPause(DateTimeOffset due) => due > pacing.AfterLease(time.UtcNow());

    private async Task<CommandEnd> FailedAsync(Rule rule) => new(rule, RuleProblems.Of(await store.FindAsync(rule) ?? rule));

    /// <summary>Waits until the row changes, or the time has come to ask the router. False when the request's time is over first.</summary>
    private async Task<bool> ReachedSettlingAsync(Rule rule, RequestBudget budget)
    {
        while (budget.Patience > TimeSpan.Zero)
        {
            await signals.RestAsync(rule.Id, CancellationToken.None);
            var fresh = await store.FindAsync(rule);
            if (fresh is null || fresh.State != rule.State || !fresh.MaybeSent)
            {
                return true;
            }

            if (fresh.SettleAt <= time.UtcNow())
            {
                if (fresh.State == RuleState.Applying)
                {
                    return true;
                }

                settling.Nudge();
            }
        }

        return false;
    }
}
