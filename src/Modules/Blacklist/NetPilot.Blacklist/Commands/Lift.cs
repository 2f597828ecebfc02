namespace NetPilot.Blacklist.Commands;

/// <summary>Lifts a rule that is in force, or waits to be lifted.</summary>
internal sealed class Lift(
    RuleStore store,
    RuleWriter writer,
    RuleLifting lifting,
    RulePlaces places,
    RuleReconciler reconciler,
    RunningCommands running,
    RuleOutcomes outcomes,
    CommandRunner runner,
    TimeProvider time
)
{
    /// <summary>The row is lifting since this request.</summary>
    public Task<RuleAnswer> RunAsync(RuleTarget target, Rule begun, CancellationToken cancellationToken) =>
        runner.RunAsync(target, begun, turn => LiftBegunAsync(target, begun, turn), cancellationToken);

    /// <summary>The row waits for its device, or for its next attempt: the user's asking is the next attempt.</summary>
    public Task<RuleAnswer> RunWaitingAsync(RuleTarget target, Rule waiting, CancellationToken cancellationToken) =>
        runner.RunAsync(target, waiting, turn => LiftWaitingAsync(waiting, turn), cancellationToken);

    private async Task<CommandEnd> LiftBegunAsync(RuleTarget target, Rule begun, RuleTurn? turn)
    {
        if (turn is null)
        {
            var busy = Problem.RouterBusy();
            var change = outcomes.LiftNotDone(begun, busy.Code, busy.Detail, time.UtcNow(), LiftAsker.User);
            return CommandEnd.NoTurn(await writer.SaveAsync(begun, change, begun.Fence));
        }

        turn.AwaitedLift = begun.Id;
        var rule = await turn.FreshAsync(begun);
        // Who named the address of the row's own device has just looked who has it.
        var isThere = !target.IsOfDevice && (target.Mac is null || target.Mac.Equals(begun.DeviceMac));
        return rule is not { State: RuleState.Lifting } ? CommandEndOf(rule)
            : isThere || !await places.IsTakenAsync(rule) ? await SendAsync(rule, turn)
            : await LookAndLiftAsync(rule, turn);
    }

    /// <summary>Nothing keeps the rule any more. One that was never sent is gone as it is.</summary>
    public async Task<CommandEnd> LiftUnkeptAsync(Rule unkept, RuleTurn? turn)
    {
        var now = time.UtcNow();
        if (turn is null || await store.FindAsync(unkept) is not { State: RuleState.Applying, MaybeSent: false } rule)
        {
            return await LiftWaitingAsync(unkept, turn);
        }

        // Who looked at the row meanwhile left it to this command, which has nothing to do where it is wanted again.
        running.MarkSent(rule.Id);
        return CommandEndOf(rule.IsKept(now) ? await writer.LookNowAsync(rule) : await turn.SaveAsync(rule, RuleOutcomes.Gone(rule, now)));
    }

    // Whoever was told that it waits was promised that it goes on, whatever becomes of this attempt.
    private async Task<CommandEnd> LiftWaitingAsync(Rule waiting, RuleTurn? turn)
    {
        if (turn is null)
        {
            return new CommandEnd(waiting, Problem.RouterBusy());
        }

        var rule = await store.FindAsync(waiting);
        return rule is not { State: RuleState.Lifting, MaybeSent: false } ? CommandEndOf(rule)
            : await places.IsTakenAsync(rule) ? await LookAndLiftAsync(rule, turn)
            : await turn.BeginAsync(rule, RuleState.Lifting) is { } begun ? await SendAsync(begun, turn)
            : CommandEndOf(rule);
    }

    private async Task<CommandEnd> SendAsync(Rule rule, RuleTurn turn) =>
        CommandEnd.Of(await lifting.LiftAsync(rule, rule.DeviceIp, turn), RuleState.Lifted);

    /// <summary>
    /// A command by the address would take the rule of the device that has it now. The router's list says where this row's rule is, if it is there.
    /// </summary>
    private async Task<CommandEnd> LookAndLiftAsync(Rule rule, RuleTurn turn)
    {
        running.MarkSent(rule.Id);
        var report = await reconciler.RunOnceAsync(
            turn,
            new ReconciliationOrder(RuleKind.Block, RouterActivityKind.Settle, [rule.Id], ReconciliationOrder.LongestTurn)
        );
        var settled = await store.FindAsync(rule);
        if (report is { WasListed: false, Failure: { } failure } && settled is { State: RuleState.Lifting })
        {
            // Nothing was sent.
            var change = outcomes.LiftNotDone(settled, failure.Code, failure.Detail, time.UtcNow(), turn.AskerOf(settled));
            return new CommandEnd(await turn.SaveAsync(settled, change), failure.ToProblem());
        }

        return settled is { State: RuleState.Lifting } ? new CommandEnd(settled, null, RuleAnswerKind.UnderWay) : CommandEndOf(settled);
    }

    private static CommandEnd CommandEndOf(Rule? rule) =>
        rule switch
        {
            null => CommandEnd.NoRouter,
            { State: RuleState.Lifted } => new CommandEnd(rule),
            _ => CommandEnd.Failed(rule),
        };
}
