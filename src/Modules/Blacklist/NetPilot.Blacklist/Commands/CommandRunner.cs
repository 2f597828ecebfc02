namespace NetPilot.Blacklist.Commands;

/// <summary>Starts commands that run on whatever becomes of the request, and waits for them as long as the client prefers to wait.</summary>
internal sealed class CommandRunner(RunningCommands running, RuleTurns turns, RuleStore store)
{
    /// <param name="rule">The row that says so.</param>
    /// <param name="command">What to do in the router's turn; null: no turn came in time.</param>
    public async Task<RuleAnswer> RunAsync(
        RuleTarget target,
        Rule rule,
        Func<RuleTurn?, Task<CommandEnd>> command,
        CancellationToken cancellationToken
    )
    {
        var shared = target.Shared?.AddAsync(command);
        var granted = target.Ask?.Take();
        var started = running.Start(rule.Id, () => shared ?? InOwnTurnAsync(target, rule, granted, command));
        if (target.Prefer is not { } prefer)
        {
            return (await started.WaitAsync(cancellationToken)).Value();
        }

        if (await Task.WhenAny(started, Task.Delay(prefer.Wait, cancellationToken)) != started)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new RuleAnswer(await store.FindAsync(rule, cancellationToken) ?? rule, RuleAnswerKind.UnderWay);
        }

        var end = await started;
        return end.Rule is { GoesOnByItself: true, State: RuleState.Applying or RuleState.Lifting } underWay
            ? new RuleAnswer(underWay, RuleAnswerKind.UnderWay)
            : end.Value();
    }

    private async Task<CommandEnd> InOwnTurnAsync(
        RuleTarget target,
        Rule rule,
        RouterTurn? granted,
        Func<RuleTurn?, Task<CommandEnd>> command
    )
    {
        await using var turn = granted is null
            ? await turns.TakeAsync(target.Router, target.Actor, target.Budget, rule)
            : turns.Granted(granted, target.Router, target.Actor, target.Budget, rule);
        var end = await command(turn);
        return end.Rest is { } rest ? await rest() : end;
    }
}
