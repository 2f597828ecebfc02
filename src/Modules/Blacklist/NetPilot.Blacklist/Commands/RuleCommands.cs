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
    RuleTurns turns,
    ITierLimits tiers,
    TimeProvider time
)
{
    public Task<RuleAnswer> PutInForceAsync(RuleTarget target, RuleWords words, CancellationToken cancellationToken) =>
        RunAsync(target, asking => BeginPuttingInForceAsync(asking, words, cancellationToken), cancellationToken);

    public Task<RuleAnswer> LiftAsync(RuleTarget target, Problem absent, CancellationToken cancellationToken) =>
        RunAsync(target, asking => BeginLiftingAsync(asking, absent, cancellationToken), cancellationToken);

    /// <summary>Stores what is wanted.</summary>
    public async Task<BegunCommand> BeginPuttingInForceAsync(RuleTarget target, RuleWords words, CancellationToken cancellationToken)
    {
        var limit = tiers.Of(target.Tier).MaxBlocks;
        var now = time.UtcNow();
        var wanted = intents.Wanted(target.Key, time.NewId(), words, target.Actor.UserId, target.GoesOn, now);
        var rule =
            await store.InsertAsync(wanted, limit, intents.FirstCheck(now), target.Ask, cancellationToken)
            ?? throw new ProblemException(Problem.TierLimit(target.Kind.What, limit));
        if (rule.Id == wanted.Id)
        {
            return new BegunCommand(
                IsStored: true,
                async token => await putInForce.RunAsync(target, rule, words, token) ?? await PutInForceAsync(Alone(target), words, token)
            );
        }

        var alone = Alone(target);
        return new BegunCommand(
            IsStored: false,
            async token =>
                await RepeatAsync(alone, rule, words, isOneOfMany: target.Shared is not null, token)
                ?? await PutInForceAsync(alone, words, token)
        );
    }

    /// <summary>Stores that a rule is wanted no longer.</summary>
    public async Task<BegunCommand> BeginLiftingAsync(RuleTarget target, Problem absent, CancellationToken cancellationToken)
    {
        var found =
            await store.BeginLiftAsync(target.Key, intents.Unwanted(target.GoesOn, time.UtcNow()), target.Ask, cancellationToken)
            ?? throw new ProblemException(absent);
        if (found.IsBegun)
        {
            return new BegunCommand(IsStored: true, token => lift.RunAsync(target, found.Rule, token));
        }

        var alone = Alone(target);
        return new BegunCommand(
            IsStored: false,
            async token => await ResumeAsync(alone, found.Rule, token) ?? await LiftAsync(alone, absent, token)
        );
    }

    /// <summary>Stores what is wanted, with the question for the turn where nobody is before it, and does it.</summary>
    private async Task<RuleAnswer> RunAsync(
        RuleTarget target,
        Func<RuleTarget, Task<BegunCommand>> beginAsync,
        CancellationToken cancellationToken
    )
    {
        using var ask = turns.TryAsk(target.Router);
        var begun = await beginAsync(target with { Ask = ask });
        return await begun.FinishAsync(cancellationToken);
    }

    // The row is another command's: this one's question was not asked, and its place in the line is in the way of that command.
    private static RuleTarget Alone(RuleTarget target)
    {
        target.Ask?.Dispose();
        return target with { Shared = null, Ask = null };
    }

    /// <summary>The device's row is under way already. Null: it has moved on, look again.</summary>
    private async Task<RuleAnswer?> ResumeAsync(RuleTarget target, Rule rule, CancellationToken cancellationToken) =>
        rule switch
        {
            // The server takes the rule back, and would go on for what holds the device.
            { State: RuleState.Lifting, LetThroughAt: null } when rule.HeldUntil > time.UtcNow() => await LetThroughAsync(
                target,
                rule,
                cancellationToken
            ),
            { State: RuleState.Lifting, MaybeSent: true } => await join.RunAsync(target, rule, RuleState.Lifted, cancellationToken),
            { State: RuleState.Lifting } => await lift.RunWaitingAsync(target, rule, cancellationToken),
            { State: RuleState.Applying } => await turnRound.RunAsync(target, rule, cancellationToken),
            _ => null,
        };

    private async Task<RuleAnswer?> LetThroughAsync(RuleTarget target, Rule rule, CancellationToken cancellationToken) =>
        await store.PatchAsync(rule, RuleIntents.LetThrough(time.UtcNow()), cancellationToken) is { } letThrough
            ? await ResumeAsync(target, letThrough, cancellationToken)
            : null;

    /// <summary>The device has a live row. Null: it has moved on before it could take the words, look again.</summary>
    private async Task<RuleAnswer?> RepeatAsync(
        RuleTarget target,
        Rule live,
        RuleWords words,
        bool isOneOfMany,
        CancellationToken cancellationToken
    )
    {
        var wanted = live is { IsBeingCleared: true, State: RuleState.InForce or RuleState.Applying }
            ? await store.PatchAsync(live, RuleIntents.WantedAgain(live), cancellationToken)
            : live;
        var manual = new ManualHold(target.Actor.UserId, time.UtcNow());
        if (wanted is { State: RuleState.Applying } && !wanted.IsHeldManually(manual.Now))
        {
            // Something else wants it: should this command fail with that, the user has not blocked the device.
            return await DescribeAsync(await ShareAsync(wanted));
        }

        var rule = wanted is null ? null : await store.DescribeAsync(wanted, words, manual, cancellationToken);
        return rule?.State switch
        {
            RuleState.InForce => new RuleAnswer(rule, RuleAnswerKind.Already),
            RuleState.Applying => await ShareAsync(rule) is { } joined
                // A pause came to the row meanwhile, before the block was in force.
                ? joined.Rule.IsForOthersAlone
                    ? await DescribeAsync(joined)
                    : joined
                : null,
            RuleState.Lifting => await DescribeAsync(await turnRound.RunAsync(target, rule, cancellationToken)),
            _ => null,
        };

        // What waits is tried now. Of many in one request, each would be an attempt of its own.
        async Task<RuleAnswer?> ShareAsync(Rule row) =>
            row is { MaybeSent: false, GoesOnByItself: true } && (row.Code is not null || row.IsLost) && !isOneOfMany
                ? await putInForce.RunWaitingAsync(target, row, cancellationToken)
                : await join.RunAsync(target, row, RuleState.InForce, cancellationToken);

        async Task<RuleAnswer?> DescribeAsync(RuleAnswer? answer)
        {
            if (answer is null || await store.DescribeAsync(answer.Rule, words, manual, cancellationToken) is not { } described)
            {
                return null;
            }

            if (described is { LetThroughAt: not null, HeldUntil: not null })
            {
                // The lift that was under way has ended what held the device before.
                await store.RecountHoldsAsync(target.Router, manual.Now);
            }

            return answer with
            {
                Rule = described,
            };
        }
    }
}

/// <summary>A command whose intent is stored, and that is to be finished.</summary>
/// <param name="IsStored">Whether this command stored the intent; else there was a live row, and somebody else's command may be under way.</param>
/// <param name="FinishAsync">Does the rest. The token ends the waiting, not the command.</param>
internal sealed record BegunCommand(bool IsStored, Func<CancellationToken, Task<RuleAnswer>> FinishAsync);
