namespace NetPilot.Blacklist.Commands;

/// <summary>Puts a new rule in force.</summary>
internal sealed class PutInForce(
    RuleStore store,
    RuleWriter writer,
    RuleApplication application,
    RulePlaces places,
    RuleOutcomes outcomes,
    CommandRunner runner,
    RuleReconciler reconciler,
    RunningCommands running,
    IRouterOwnership ownership,
    SettleWorker settling,
    TimeProvider time
)
{
    /// <param name="words">What the request says besides.</param>
    /// <returns>Null: what else wanted the row has ended it, look again.</returns>
    public async Task<RuleAnswer?> RunAsync(RuleTarget target, Rule intent, RuleWords words, CancellationToken cancellationToken)
    {
        var answer = await runner.RunAsync(
            target,
            intent,
            turn => ApplyAsync(intent, turn, target.IsOfDevice, kept => DescribeAsync(target, intent, kept, words)),
            cancellationToken
        );
        return answer.Kind == RuleAnswerKind.LookAgain ? null : answer;
    }

    /// <summary>The row waits for its next attempt, and nothing is on its way for it: the user's asking is the next attempt.</summary>
    /// <returns>Null: another row stands for the device by now, look again.</returns>
    public async Task<RuleAnswer?> RunWaitingAsync(RuleTarget target, Rule waiting, CancellationToken cancellationToken)
    {
        var answer = await runner.RunAsync(target, waiting, turn => ApplyWaitingAsync(waiting, turn), cancellationToken);
        return answer.Kind == RuleAnswerKind.LookAgain ? null : answer;
    }

    /// <param name="turn">The turn; null: none came in time.</param>
    /// <param name="isOfDevice">Whether the device itself is meant, wherever it is, and not whoever has the address.</param>
    /// <param name="describeAsync">Says of another row of the same device what the request says; null where that does not matter.</param>
    public async Task<CommandEnd> ApplyAsync(
        Rule intent,
        RuleTurn? turn,
        bool isOfDevice = true,
        Func<Rule, Task<Rule?>>? describeAsync = null
    )
    {
        if (turn is null)
        {
            return CommandEnd.NoTurn(await FailAsync(intent));
        }

        var rule = await turn.FreshAsync(intent);
        if (rule is { State: RuleState.Applying } && rule.Fence == intent.Fence && !rule.IsKept(time.UtcNow()))
        {
            // What held it ended while it waited: nothing was sent, and nothing is to be.
            rule = await turn.SaveAsync(rule, RuleOutcomes.Gone(rule, time.UtcNow()));
        }

        switch (rule)
        {
            case null:
                return CommandEnd.NoRouter;
            case { State: RuleState.Applying } when rule.Fence != intent.Fence:
                // Another replica took it up meanwhile, and may have sent it: only the router knows, and a block sent twice is two rules.
                return CommandEnd.Failed(rule);
            case { State: RuleState.Applying }:
                return await SendAsync(rule, isOfDevice, describeAsync, turn);
            case { State: RuleState.Failed }:
                // Settled while it waited: nothing was sent.
                return new CommandEnd(rule, Problem.RouterBusy());
            case { IsForOthersAlone: true } when describeAsync is not null:
                return await describeAsync(rule) is { } described
                    ? new CommandEnd(described, null, RuleAnswerKind.Already)
                    : await LookAgainAsync(rule);
            case { State: RuleState.Lifted } when describeAsync is not null && IsStillWanted(rule):
                return CommandEnd.LookAgain(rule);
            default:
                return new CommandEnd(rule, null, RuleAnswerKind.Already);
        }
    }

    /// <param name="stored">A row for which nothing was sent yet.</param>
    /// <param name="turn">The turn; null: none came in time, and the server goes on by itself.</param>
    public async Task<CommandEnd> ApplyStoredAsync(Rule stored, RuleTurn? turn)
    {
        if (turn is null)
        {
            return new CommandEnd(stored, Problem.RouterBusy());
        }

        var rule = await store.FindAsync(stored);
        return rule switch
        {
            null => CommandEnd.NoRouter,
            { State: RuleState.Applying, MaybeSent: false } when await turn.BeginAsync(rule, RuleState.Applying) is { } begun =>
                await SendAsync(begun, isOfDevice: true, null, turn),
            _ => new CommandEnd(rule),
        };
    }

    /// <summary>The attempt of a row that the server goes on with: as in the server's own, the router's list is asked first.</summary>
    private async Task<CommandEnd> ApplyWaitingAsync(Rule waiting, RuleTurn? turn)
    {
        if (turn is null)
        {
            return new CommandEnd(waiting, Problem.RouterBusy());
        }

        CommandsFailure? failure = null;
        // Who else made the attempt meanwhile made it for this request, too.
        if (await store.FindAsync(waiting) is { State: RuleState.Applying, MaybeSent: false } row && row.Fence == waiting.Fence)
        {
            running.MarkSent(row.Id);
            var order = new ReconciliationOrder(row.Kind, RouterActivityKind.Settle, [row.Id], ReconciliationOrder.LongestTurn);
            failure = (await reconciler.RunOnceAsync(turn, order)).Failure;
            if (await store.FindAsync(row) is { State: RuleState.Applying, MaybeSent: false } undone)
            {
                await store.PatchAsync(undone, RuleIntents.TriedForUser(row));
            }
        }

        return await store.FindAsync(waiting) switch
        {
            null => CommandEnd.NoRouter,
            { State: RuleState.Lifted } ended when await store.FindOtherAsync(ended) is not null => CommandEnd.LookAgain(ended),
            { State: RuleState.InForce or RuleState.Lifted } ended => new CommandEnd(ended, null, RuleAnswerKind.Already),
            { } left => failure is null ? CommandEnd.Failed(left) : new CommandEnd(left, failure.ToProblem()),
        };
    }

    /// <summary>No turn came for the row. What keeps it, and whether the server goes on by itself, can have changed while it waited.</summary>
    /// <returns>Null: the router was given up meanwhile, and what is stored for it goes with it.</returns>
    private async Task<Rule?> FailAsync(Rule intent)
    {
        var now = time.UtcNow();
        if (await ownership.FindAsync(intent.UserId, intent.RouterId, CancellationToken.None) is null)
        {
            await store.DeleteRouterAsync(intent.UserId, intent.RouterId, createdBefore: now);
            return null;
        }

        var (busy, row) = (Problem.RouterBusy(), await store.FindAsync(intent));
        return row is { State: RuleState.Applying } && row.Fence == intent.Fence
            ? await writer.SaveAsync(row, outcomes.ApplyNotDone(row, busy.Code, busy.Detail, time.UtcNow()), intent.Fence)
            : row;
    }

    // What a user let through meanwhile is not to be blocked by a request from before.
    private async Task<CommandEnd> LookAgainAsync(Rule row) =>
        await store.FindAsync(row) is { LetThroughAt: { } at } letThrough && at != row.LetThroughAt
            ? new CommandEnd(letThrough, null, RuleAnswerKind.Already)
            : CommandEnd.LookAgain(row);

    // The request's own row has its words already, or those of who joined it since.
    private Task<Rule?> DescribeAsync(RuleTarget target, Rule intent, Rule kept, RuleWords words) =>
        store.DescribeAsync(
            kept,
            kept.Id == intent.Id ? new RuleWords(default, new(kept.ExpiresAt)) : words,
            new ManualHold(target.Actor.UserId, time.UtcNow())
        );

    /// <summary>Whether a user wants a rule that a pause has ended with itself: nobody has let the device through, nor has another row its place.</summary>
    private bool IsStillWanted(Rule ended) =>
        ended is { HeldManually: false, LetThroughAt: null, ReplacedBy: null } && !(ended.ExpiresAt <= time.UtcNow());

    private async Task<CommandEnd> SendAsync(Rule rule, bool isOfDevice, Func<Rule, Task<Rule?>>? describeAsync, RuleTurn turn)
    {
        var (ip, failure) = isOfDevice ? await places.OfAsync(rule, turn) : (rule.DeviceIp, null);
        var looks = isOfDevice && rule.DeviceMac is not null && turn.Seen is null;
        var outcome = failure is null
            ? await application.ApplyAsync(rule, ip!, turn, isOfDevice, looks)
            : await application.FailAsync(rule, failure, turn);
        return outcome.UnlessFound is null
            ? await EndAsync(outcome, describeAsync)
            : new CommandEnd(rule) { Rest = async () => await EndAsync(await SendWhereSeenAsync(rule, outcome, turn), describeAsync) };
    }

    /// <summary>
    /// The router did nothing, since it found nobody where the device was last seen, or for a reason of its own: the command is sent once more, to where a
    /// scan shows the device, and without that reason only to another address. The scan took its time, so that the row may have ended, or been turned round.
    /// </summary>
    private async Task<RowAfterCall> SendWhereSeenAsync(Rule rule, RowAfterCall missed, RuleTurn turn) =>
        (await RulePlaces.LookAsync(rule, turn)).Address is { } there
        && (missed.Failure is { FoundNoDevice: true } || !there.Equals(rule.DeviceIp))
        && await store.FindAsync(rule) is { State: RuleState.Applying } row
        && await turn.BeginAsync(row, RuleState.Applying) is { } begun
            ? await application.ApplyAsync(begun, there, turn, isOfDevice: true)
            : new RowAfterCall(await turn.EndAsync(rule, missed.UnlessFound!), missed.Failure);

    private async Task<CommandEnd> EndAsync(RowAfterCall outcome, Func<Rule, Task<Rule?>>? describeAsync)
    {
        if (outcome.Rule is { SettleAt: not null, State: RuleState.InForce })
        {
            settling.Nudge();
        }

        // The address was another one of a device that is blocked already, and that block takes the words and the expiry; or a pause came to the
        // row meanwhile, which the user's block now holds too.
        if (describeAsync is null || outcome.Rule is not { } row || !(outcome.WasThere || row.IsForOthersAlone))
        {
            return CommandEnd.Of(outcome, RuleState.InForce);
        }

        return await describeAsync(row) is { } described ? CommandEnd.Of(outcome with { Rule = described }, RuleState.InForce)
            : outcome.Failure is null ? await LookAgainAsync(row)
            : CommandEnd.Of(outcome, RuleState.InForce);
    }
}
