namespace NetPilot.Blacklist.Commands;

/// <summary>Shares the outcome of somebody else's command for the same row.</summary>
internal sealed class Join(RuleStore store, RuleSignals signals, TimeProvider time)
{
    /// <param name="joined">The row that is under way to that.</param>
    /// <param name="wanted">The state that it is under way to.</param>
    /// <returns>Null: its device turned out to have another row, look again.</returns>
    public async Task<RuleAnswer?> RunAsync(RuleTarget target, Rule joined, RuleState wanted, CancellationToken cancellationToken)
    {
        var rule = await AwaitAsync(target, joined, cancellationToken);
        if (
            wanted == RuleState.InForce
            && rule.State is RuleState.Lifting or RuleState.Lifted
            && target.Kind.FollowsDevice
            && await store.FindOtherAsync(rule, cancellationToken) is not null
        )
        {
            return null;
        }

        if (rule.State == wanted || (wanted == RuleState.InForce && WasInForce(rule)))
        {
            return new RuleAnswer(rule, RuleAnswerKind.Already);
        }

        if (IsLeftWaiting(joined, rule) && rule.Code is null)
        {
            return new RuleAnswer(rule, RuleAnswerKind.UnderWay);
        }

        return target.GoesOn && rule.State == joined.State
            ? new RuleAnswer(rule, RuleAnswerKind.UnderWay)
            : throw new ProblemException(RuleProblems.Of(rule));
    }

    private async Task<Rule> AwaitAsync(RuleTarget target, Rule joined, CancellationToken cancellationToken)
    {
        var patience = target.Prefer?.Wait ?? target.Budget.Remaining;
        var started = time.GetTimestamp();
        var rule = joined;
        if (target.GoesOn && !joined.GoesOnByItself)
        {
            // Whoever began it waits for its end; this one is to be told 202, and the server is to see to it.
            rule =
                await store.PatchAsync(joined, RuleIntents.GoesOn(joined, time.UtcNow()), cancellationToken)
                ?? await FindAsync(joined, cancellationToken);
        }

        // A command that the server repeats by itself has no end to wait for while it fails: its last failure is the outcome so far.
        while (
            rule.State == joined.State
            && rule.Code == joined.Code
            && !(rule.GoesOnByItself && !rule.MaybeSent && rule.Code is not null)
            && !IsLeftWaiting(joined, rule)
            && time.GetElapsedTime(started) < patience
        )
        {
            await signals.RestAsync(rule.Id, cancellationToken);
            rule = await FindAsync(rule, cancellationToken);
        }

        return rule;
    }

    // The block that was shared was in force, and somebody has let the device through since.
    private static bool WasInForce(Rule rule) => rule is { State: RuleState.Lifted } or { State: RuleState.Lifting, AppliedAt: not null };

    // The command that was shared has ended, and the rule is lifted as soon as its device is back.
    private static bool IsLeftWaiting(Rule joined, Rule rule) => joined.MaybeSent && rule is { State: RuleState.Lifting, MaybeSent: false };

    private async Task<Rule> FindAsync(Rule rule, CancellationToken cancellationToken) =>
        await store.FindAsync(rule, cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());
}
