namespace NetPilot.Blacklist.Commands;

/// <summary>Lifts a rule that is in force, or waits to be lifted.</summary>
internal sealed class Lift(
    RuleStore store,
    RuleWriter writer,
    RuleTurns turns,
    RuleLifting lifting,
    RuleOutcomes outcomes,
    CommandRunner runner,
    TimeProvider time
)
{
    /// <summary>The row is lifting since this request.</summary>
    public Task<RuleAnswer> RunAsync(RuleTarget target, Rule begun, CancellationToken cancellationToken) =>
        runner.RunAsync(target, begun, () => LiftBegunAsync(target, begun), cancellationToken);

    /// <summary>The row waits for its device, or for its next attempt: the user's asking is the next attempt.</summary>
    public Task<RuleAnswer> RunWaitingAsync(RuleTarget target, Rule waiting, CancellationToken cancellationToken) =>
        runner.RunAsync(target, waiting, () => LiftWaitingAsync(target, waiting), cancellationToken);

    private async Task<CommandEnd> LiftBegunAsync(RuleTarget target, Rule begun)
    {
        await using var turn = await turns.TakeAsync(target.Router, target.Actor, target.Budget);
        if (turn is null)
        {
            var busy = Problem.RouterBusy();
            var change = outcomes.LiftNotDone(begun, busy.Code, busy.Detail, time.UtcNow(), byServer: false);
            return new CommandEnd(await writer.SaveAsync(begun, change, begun.Fence), busy);
        }

        var rule = turn.FollowsDirectly ? begun : await store.FindAsync(begun);
        return rule is { State: RuleState.Lifting } ? await SendAsync(rule, turn) : EndOf(rule);
    }

    private async Task<CommandEnd> LiftWaitingAsync(RuleTarget target, Rule waiting)
    {
        await using var turn = await turns.TakeAsync(target.Router, target.Actor, target.Budget);
        if (turn is null)
        {
            return new CommandEnd(waiting, Problem.RouterBusy());
        }

        var rule = await store.FindAsync(waiting);
        return rule is { State: RuleState.Lifting, MaybeSent: false } && await turn.BeginAsync(rule, RuleState.Lifting) is { } begun
            ? await SendAsync(begun, turn)
            : EndOf(rule);
    }

    private async Task<CommandEnd> SendAsync(Rule rule, RuleTurn turn) =>
        CommandEnd.Of(await lifting.LiftAsync(rule, rule.DeviceIp, turn), RuleState.Lifted);

    private static CommandEnd EndOf(Rule? rule) =>
        rule switch
        {
            null => CommandEnd.NoRouter,
            { State: RuleState.Lifted } => new CommandEnd(rule),
            _ => CommandEnd.Failed(rule),
        };
}
