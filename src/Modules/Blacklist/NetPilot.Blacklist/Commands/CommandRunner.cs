namespace NetPilot.Blacklist.Commands;

/// <summary>Starts commands that run on whatever becomes of the request, and waits for them as long as the client prefers to wait.</summary>
internal sealed class CommandRunner(RunningCommands running, RuleStore store)
{
    public async Task<RuleAnswer> RunAsync(
        RuleTarget target,
        Rule rule,
        Func<Task<CommandEnd>> command,
        CancellationToken cancellationToken
    )
    {
        var started = running.Start(rule.Id, command);
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
}
