namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Puts rules in force and lifts them for users, as the life of a rule says: the intent first, then the router's turn, the call with no
/// connection held, and the outcome after it. Whoever asks for the same at the same time shares the row and its outcome.
/// </summary>
internal sealed class RuleCommands(
    RuleStore store,
    RuleIntents intents,
    PutInForce putInForce,
    Lift lift,
    TurnRound turnRound,
    Join join,
    ITierLimits tiers,
    TimeProvider time
)
{
    public async Task<RuleAnswer> PutInForceAsync(RuleTarget target, RuleWords words, CancellationToken cancellationToken)
    {
        var limit = tiers.Of(target.Caller.Tier).MaxBlocks;
        while (true)
        {
            var now = time.UtcNow();
            var wanted = intents.Wanted(target.Key, time.NewId(), words, target.GoesOn, now);
            var rule =
                await store.InsertAsync(wanted, limit, intents.FirstCheck(now), cancellationToken)
                ?? throw new ProblemException(Problem.TierLimit(target.Kind.What, limit));
            if (rule.Id == wanted.Id)
            {
                return await putInForce.RunAsync(target, rule, words, cancellationToken);
            }

            if (await RepeatAsync(target, rule, words, cancellationToken) is { } answer)
            {
                return answer;
            }
        }
    }

    public async Task<RuleAnswer> LiftAsync(RuleTarget target, Problem absent, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found =
                await store.BeginLiftAsync(target.Key, intents.Unwanted(target.GoesOn, time.UtcNow()), cancellationToken)
                ?? throw new ProblemException(absent);
            var rule = found.Rule;
            if (found.IsBegun)
            {
                return await lift.RunAsync(target, rule, cancellationToken);
            }

            var answer = rule switch
            {
                { State: RuleState.Lifting, MaybeSent: true } => await join.RunAsync(target, rule, RuleState.Lifted, cancellationToken),
                { State: RuleState.Lifting } => await lift.RunWaitingAsync(target, rule, cancellationToken),
                { State: RuleState.Applying } => await turnRound.RunAsync(target, rule, cancellationToken),
                _ => null,
            };
            if (answer is not null)
            {
                return answer;
            }
        }
    }

    /// <summary>The device has a live row. Null: it has moved on before it could take the words, look again.</summary>
    private async Task<RuleAnswer?> RepeatAsync(RuleTarget target, Rule live, RuleWords words, CancellationToken cancellationToken)
    {
        var wanted = live is { IsBeingCleared: true, State: RuleState.InForce or RuleState.Applying }
            ? await store.PatchAsync(live, RuleIntents.WantedAgain(live), cancellationToken)
            : live;
        var rule = wanted is null ? null : await store.DescribeAsync(wanted, words, cancellationToken);
        switch (rule?.State)
        {
            case RuleState.InForce:
                return new RuleAnswer(rule, RuleAnswerKind.Already);

            case RuleState.Applying:
                return await join.RunAsync(target, rule, RuleState.InForce, cancellationToken);

            case RuleState.Lifting:
                return
                    await turnRound.RunAsync(target, rule, cancellationToken) is { } kept
                    && await store.DescribeAsync(kept.Rule, words, cancellationToken) is { } described
                    ? kept with
                    {
                        Rule = described,
                    }
                    : null;

            default:
                return null;
        }
    }
}
