using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Blacklist.Rules;

/// <summary>For whom, and where, a rule is to be put in force or lifted.</summary>
internal sealed record RuleTarget(RuleKind Kind, OwnedRouter Router, Caller Caller, IPAddress Ip, PhysicalAddress? Mac, Preference? Prefer);

/// <summary>How a command ended for the one who asked.</summary>
/// <param name="Rule">The row as it is now.</param>
/// <param name="Kind">Which success it is.</param>
internal sealed record RuleAnswer(Rule Rule, RuleAnswerKind Kind);

internal enum RuleAnswerKind
{
    /// <summary>Done by this request.</summary>
    Done,

    /// <summary>It was so already.</summary>
    Already,

    /// <summary>The server goes on by itself.</summary>
    UnderWay,
}

/// <summary>
/// Puts rules in force and lifts them for users, as the life of a rule says: the intent first, then the router's turn, the call with no
/// connection held, and the outcome after it. Whoever asks for the same at the same time shares the row and its outcome.
/// </summary>
internal sealed class RuleCommands(
    RuleStore store,
    RuleCalls calls,
    RuleApplication application,
    RuleLifting lifting,
    RuleReconciler reconciler,
    RuleLifecycle lifecycle,
    RuleSignals signals,
    RunningCommands running,
    SettleWorker settling,
    IRouterTurns turns,
    ITierLimits tiers,
    IOptions<CommandsServerOptions> server,
    IOptions<BlacklistOptions> blacklist,
    TimeProvider time
)
{
    // What was never sent is cancelled without the router, which is soon done and better than any 202.
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(250);

    public async Task<RuleAnswer> PutInForceAsync(
        RuleTarget target,
        Optional<string?> note,
        Optional<DateTimeOffset?> expiry,
        CancellationToken cancellationToken
    )
    {
        var budget = new RequestBudget(time, server.Value.Timeouts);
        var limit = tiers.Of(target.Caller.Tier).MaxBlocks;
        while (true)
        {
            var intent = IntentOf(target, note.Value, expiry.Value);
            var found =
                await store.IntendAsync(target.Kind, intent, limit, cancellationToken)
                ?? throw new ProblemException(Problem.TierLimit(target.Kind.What, limit));
            if (found.Changed)
            {
                var command = running.Start(found.Rule.Id, () => ApplyAsync(target, found.Rule, budget));
                var answer = await AnswerAsync(target, found.Rule, command, cancellationToken);
                // The address was another one of a device that is blocked already: that block takes the words and the expiry.
                return
                    answer.Kind == RuleAnswerKind.Already
                    && answer.Rule.Id != found.Rule.Id
                    && await DescribeAsync(target.Kind, answer.Rule, note, expiry, cancellationToken) is { } kept
                    ? answer with
                    {
                        Rule = kept,
                    }
                    : answer;
            }

            var wanted = found.Rule is { IsBeingCleared: true, State: RuleState.Blocked or RuleState.Applying }
                ? await store.WantAgainAsync(target.Kind, found.Rule, cancellationToken)
                : found.Rule;
            if (wanted is null)
            {
                continue;
            }

            var rule = await DescribeAsync(target.Kind, wanted, note, expiry, cancellationToken);
            switch (rule?.State)
            {
                case RuleState.Blocked:
                    return new RuleAnswer(rule, RuleAnswerKind.Already);

                case RuleState.Applying when await JoinAsync(target, rule, RuleState.Blocked, budget, cancellationToken) is { } joined:
                    return joined;

                case RuleState.Lifting
                    when await TurnRoundAsync(target, rule, RuleState.Applying, KeepAsync(target, rule, budget), cancellationToken)
                        is { } kept
                        && await DescribeAsync(target.Kind, kept.Rule, note, expiry, cancellationToken) is { } described:
                    return kept with { Rule = described };
            }
        }
    }

    public async Task<RuleAnswer> LiftAsync(RuleTarget target, Problem absent, CancellationToken cancellationToken)
    {
        var budget = new RequestBudget(time, server.Value.Timeouts);
        while (true)
        {
            var now = time.UtcNow();
            var found =
                await store.BeginLiftAsync(
                    target.Kind,
                    target.Caller.UserId,
                    target.Router.RouterId,
                    target.Ip,
                    target.Mac,
                    lifecycle.AfterLease(now),
                    target.Prefer is null ? null : now + RuleLifecycle.GiveUpAfter,
                    cancellationToken
                ) ?? throw new ProblemException(absent);
            var rule = found.Rule;
            if (found.Changed)
            {
                var command = running.Start(rule.Id, () => LiftBegunAsync(target, rule, budget));
                return await AnswerAsync(target, rule, command, cancellationToken);
            }

            switch (rule.State)
            {
                case RuleState.Lifting when rule.MaybeSent:
                    if (await JoinAsync(target, rule, RuleState.Lifted, budget, cancellationToken) is { } joined)
                    {
                        return joined;
                    }

                    break;

                case RuleState.Lifting:
                    var again = running.Start(rule.Id, () => LiftWaitingAsync(target, rule, budget));
                    return await AnswerAsync(target, rule, again, cancellationToken);

                case RuleState.Applying:
                    var cancelling = CancelAsync(target, rule, budget);
                    if (await TurnRoundAsync(target, rule, RuleState.Lifting, cancelling, cancellationToken) is { } cancelled)
                    {
                        return cancelled;
                    }

                    break;
            }
        }
    }

    private RuleIntent IntentOf(RuleTarget target, string? note, DateTimeOffset? expiresAt)
    {
        var now = time.UtcNow();
        return new RuleIntent(
            time.NewId(),
            target.Caller.UserId,
            target.Router.RouterId,
            target.Ip,
            target.Kind.FollowsDevice ? target.Mac : null,
            note,
            expiresAt,
            now,
            lifecycle.AfterLease(now),
            target.Prefer is null ? null : now + RuleLifecycle.GiveUpAfter,
            // Spreads the checks of routers from the first one on.
            now + (blacklist.Value.DriftCheckInterval * Random.Shared.NextDouble())
        );
    }

    /// <summary>Null: the row has moved on before it could take the change, look again. An expiry taken back in vain would lift the block.</summary>
    private async Task<Rule?> DescribeAsync(
        RuleKind kind,
        Rule rule,
        Optional<string?> note,
        Optional<DateTimeOffset?> expiry,
        CancellationToken cancellationToken
    ) =>
        (!note.IsPresent && !expiry.IsPresent) || rule.State == RuleState.Lifting
            ? rule
            : await store.DescribeAsync(kind, rule.Id, note.IsPresent, note.Value, expiry.IsPresent, expiry.Value, cancellationToken);

    /// <summary>Waits for a command's own end, or as long as the client prefers to wait.</summary>
    private async Task<RuleAnswer> AnswerAsync(
        RuleTarget target,
        Rule intent,
        Task<CommandEnd> command,
        CancellationToken cancellationToken
    )
    {
        if (target.Prefer is not { } prefer)
        {
            return (await command.WaitAsync(cancellationToken)).Value();
        }

        if (await Task.WhenAny(command, Task.Delay(prefer.Wait, cancellationToken)) != command)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new RuleAnswer(await FreshAsync(target.Kind, intent, cancellationToken), RuleAnswerKind.UnderWay);
        }

        var end = await command;
        return end.Rule is { GoesOnByItself: true, State: RuleState.Applying or RuleState.Lifting } underWay
            ? new RuleAnswer(underWay, RuleAnswerKind.UnderWay)
            : end.Value();
    }

    /// <summary>
    /// The row is under way to the opposite of what is asked for now. Who prefers not to wait is told 202, and the row says from then on what
    /// is wanted: a late outcome of the first command does not count any more, and asking the router settles it. Null: look again.
    /// </summary>
    private async Task<RuleAnswer?> TurnRoundAsync(
        RuleTarget target,
        Rule rule,
        RuleState to,
        Task<CommandEnd?> turning,
        CancellationToken cancellationToken
    )
    {
        running.Track(turning);
        if (target.Prefer is not { } prefer)
        {
            return (await turning.WaitAsync(cancellationToken))?.Value();
        }

        var patience = prefer.Wait > LeastPatience ? prefer.Wait : LeastPatience;
        if (await Task.WhenAny(turning, Task.Delay(patience, cancellationToken)) == turning)
        {
            var end = await turning;
            if (end?.Problem is null || end.Rule?.State != rule.State)
            {
                return end?.Value();
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        var now = time.UtcNow();
        var turned = await store.TurnRoundAsync(target.Kind, rule, to, now, now + RuleLifecycle.GiveUpAfter, cancellationToken);
        if (turned is null)
        {
            return null;
        }

        settling.Nudge();
        return new RuleAnswer(turned, RuleAnswerKind.UnderWay);
    }

    private async Task<Rule> FreshAsync(RuleKind kind, Rule rule, CancellationToken cancellationToken) =>
        await store.FindAsync(kind, rule.Id, cancellationToken) ?? rule;

    /// <summary>
    /// The row is under way by somebody else's command: its outcome is this one's too. Null: its device turned out to have another row, look
    /// again.
    /// </summary>
    private async Task<RuleAnswer?> JoinAsync(
        RuleTarget target,
        Rule joined,
        RuleState wanted,
        RequestBudget budget,
        CancellationToken cancellationToken
    )
    {
        var patience = target.Prefer?.Wait ?? budget.Remaining;
        var started = time.GetTimestamp();
        var rule = joined;
        if (target.Prefer is not null && !joined.GoesOnByItself)
        {
            // Whoever began it waits for its end; this one is to be told 202, and the server is to see to it.
            var until = time.UtcNow() + RuleLifecycle.GiveUpAfter;
            rule =
                await store.GoOnAsync(target.Kind, joined, until, cancellationToken)
                ?? await store.FindAsync(target.Kind, joined.Id, cancellationToken)
                ?? throw new ProblemException(Problem.RouterNotFound());
        }

        // A command that the server repeats by itself has no end to wait for while it fails: its last failure is the outcome so far.
        while (
            rule.State == joined.State
            && rule.Code == joined.Code
            && !(rule.GoesOnByItself && !rule.MaybeSent && rule.Code is not null)
            && time.GetElapsedTime(started) < patience
        )
        {
            await signals.RestAsync(rule.Id, cancellationToken);
            rule = await store.FindAsync(target.Kind, rule.Id, cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());
        }

        if (
            wanted == RuleState.Blocked
            && rule.State is RuleState.Lifting or RuleState.Lifted
            && target.Kind.FollowsDevice
            && await store.FindOtherAsync(target.Kind, rule, cancellationToken) is not null
        )
        {
            return null;
        }

        if (rule.State == wanted || (wanted == RuleState.Blocked && rule.State == RuleState.Lifted))
        {
            return new RuleAnswer(rule, RuleAnswerKind.Already);
        }

        return target.Prefer is not null && rule.State == joined.State
            ? new RuleAnswer(rule, RuleAnswerKind.UnderWay)
            : throw new ProblemException(ProblemOf(rule));
    }

    private async Task<CommandEnd> ApplyAsync(RuleTarget target, Rule intent, RequestBudget budget)
    {
        await using var held = await TakeAsync(target, budget);
        if (held is null)
        {
            var busy = Problem.RouterBusy();
            var change = lifecycle.ApplyNotDone(intent, busy.Code, busy.Detail, time.UtcNow());
            return new CommandEnd(await calls.SaveAsync(target.Kind, intent, change, intent.Fence), busy);
        }

        var rule = held.Turn.FollowsDirectly(target.Router)
            ? intent
            : await store.FindAsync(target.Kind, intent.Id, CancellationToken.None);
        switch (rule)
        {
            case null:
                return new CommandEnd(null, Problem.RouterNotFound());
            case { State: RuleState.Applying } when rule.Fence != intent.Fence:
                // Another replica took it up meanwhile, and may have sent it: only the router knows, and a block sent twice is two rules.
                return new CommandEnd(rule, ProblemOf(rule));
            case { State: RuleState.Applying }:
                var outcome = await application.ApplyAsync(target.Kind, rule, rule.DeviceIp, held.In);
                if (outcome.Rule is { SettleAt: not null, State: RuleState.Blocked })
                {
                    settling.Nudge();
                }

                return CommandEnd.Of(outcome, RuleState.Blocked);
            case { State: RuleState.Failed }:
                // Settled while it waited: nothing was sent.
                return new CommandEnd(rule, Problem.RouterBusy());
            default:
                return new CommandEnd(rule, null, RuleAnswerKind.Already);
        }
    }

    private async Task<CommandEnd> LiftBegunAsync(RuleTarget target, Rule begun, RequestBudget budget)
    {
        await using var held = await TakeAsync(target, budget);
        if (held is null)
        {
            var busy = Problem.RouterBusy();
            var change = lifecycle.LiftNotDone(begun, busy.Code, busy.Detail, time.UtcNow(), byServer: false);
            return new CommandEnd(await calls.SaveAsync(target.Kind, begun, change, begun.Fence), busy);
        }

        var rule = held.Turn.FollowsDirectly(target.Router) ? begun : await store.FindAsync(target.Kind, begun.Id, CancellationToken.None);
        return rule switch
        {
            null => new CommandEnd(null, Problem.RouterNotFound()),
            { State: RuleState.Lifting } => CommandEnd.Of(
                await lifting.LiftAsync(target.Kind, rule, rule.DeviceIp, held.In),
                RuleState.Lifted
            ),
            { State: RuleState.Lifted } => new CommandEnd(rule, null),
            _ => new CommandEnd(rule, ProblemOf(rule)),
        };
    }

    /// <summary>The row waits for its device, or for its next attempt: the user's asking is the next attempt.</summary>
    private async Task<CommandEnd> LiftWaitingAsync(RuleTarget target, Rule waiting, RequestBudget budget)
    {
        await using var held = await TakeAsync(target, budget);
        if (held is null)
        {
            return new CommandEnd(waiting, Problem.RouterBusy());
        }

        var rule = await store.FindAsync(target.Kind, waiting.Id, CancellationToken.None);
        return rule switch
        {
            null => new CommandEnd(null, Problem.RouterNotFound()),
            { State: RuleState.Lifting, MaybeSent: false } when await BeginAsync(target.Kind, rule, held) is { } begun => CommandEnd.Of(
                await lifting.LiftAsync(target.Kind, begun, begun.DeviceIp, held.In),
                RuleState.Lifted
            ),
            { State: RuleState.Lifted } => new CommandEnd(rule, null),
            _ => new CommandEnd(rule, ProblemOf(rule)),
        };
    }

    /// <summary>
    /// Unblocks what is only being blocked: if nothing was sent for it, it is lifted as it is; else the router is asked, not before the
    /// command's own time is over. Null: the row has moved on, look again.
    /// </summary>
    private async Task<CommandEnd?> CancelAsync(RuleTarget target, Rule applying, RequestBudget budget)
    {
        await using (var held = await TakeAsync(target, budget))
        {
            if (held is null)
            {
                return new CommandEnd(applying, Problem.RouterBusy());
            }

            var rule = await store.FindAsync(target.Kind, applying.Id, CancellationToken.None);
            switch (rule)
            {
                case null:
                    return new CommandEnd(null, Problem.RouterNotFound());
                case { State: RuleState.Lifted }:
                    return new CommandEnd(rule, null);
                case { State: not RuleState.Applying }:
                    return null;
                case { MaybeSent: false }:
                case { Fence: 0 } when running.IsUnsent(rule.Id):
                    return await LiftUnsentAsync(target.Kind, rule, held);
                case { SettleAt: { } due } when due <= time.UtcNow():
                    return await LiftAskedAsync(target.Kind, rule, held);
            }
        }

        return await ReachedSettlingAsync(target.Kind, applying, budget)
            ? null
            : new CommandEnd(applying, ProblemOf(await FreshAsync(target.Kind, applying, CancellationToken.None)));
    }

    private async Task<CommandEnd> LiftUnsentAsync(RuleKind kind, Rule rule, TakenTurn held)
    {
        var change = RuleLifecycle.Gone(rule, time.UtcNow());
        return new CommandEnd(await calls.SaveAsync(kind, rule, change, held.Turn.Fence), null);
    }

    private async Task<CommandEnd> LiftAskedAsync(RuleKind kind, Rule rule, TakenTurn held)
    {
        // As a lifting row, it is settled by asking: lifted where the router does not hold it, unblocked where it does.
        var lifting = await calls.SaveAsync(
            kind,
            rule,
            lifecycle.Sending(rule, RuleState.Lifting, time.UtcNow()) with
            {
                GiveUpAt = null,
            },
            held.Turn.Fence
        );
        var report = await reconciler.RunAsync(
            kind,
            held.In,
            new ReconciliationOrder(RouterActivityKind.Settle, [rule.Id], Eager: false, server.Value.Timeouts.Command)
        );
        var settled = await store.FindAsync(kind, rule.Id, CancellationToken.None) ?? lifting;
        return settled is { State: RuleState.Lifted } ? new CommandEnd(settled, null)
            : report.Failure is { } failure ? new CommandEnd(settled, failure.ToProblem())
            : new CommandEnd(settled, settled is null ? Problem.RouterNotFound() : ProblemOf(settled));
    }

    /// <summary>
    /// The row is being lifted, and is wanted again: waits for the lifting to end. A row that only waits for its device stays in force.
    /// Null: look again.
    /// </summary>
    private async Task<CommandEnd?> KeepAsync(RuleTarget target, Rule lifting, RequestBudget budget)
    {
        if (lifting.MaybeSent)
        {
            return await ReachedSettlingAsync(target.Kind, lifting, budget)
                ? null
                : new CommandEnd(lifting, ProblemOf(await FreshAsync(target.Kind, lifting, CancellationToken.None)));
        }

        await using var held = await TakeAsync(target, budget);
        if (held is null)
        {
            return new CommandEnd(lifting, Problem.RouterBusy());
        }

        var rule = await store.FindAsync(target.Kind, lifting.Id, CancellationToken.None);
        if (rule is not { State: RuleState.Lifting, MaybeSent: false })
        {
            return null;
        }

        var kept = await calls.SaveAsync(target.Kind, rule, RuleLifecycle.InForce(rule, time.UtcNow()), held.Turn.Fence);
        return kept is { State: RuleState.Blocked } ? new CommandEnd(kept, null, RuleAnswerKind.Already) : null;
    }

    /// <summary>Waits until the row changes, or the time has come to ask the router. False when the request's time is over first.</summary>
    private async Task<bool> ReachedSettlingAsync(RuleKind kind, Rule rule, RequestBudget budget)
    {
        while (budget.Patience > TimeSpan.Zero)
        {
            await signals.RestAsync(rule.Id, CancellationToken.None);
            var fresh = await store.FindAsync(kind, rule.Id, CancellationToken.None);
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

    private async Task<Rule?> BeginAsync(RuleKind kind, Rule rule, TakenTurn held) =>
        await calls.BeginAsync(kind, rule, RuleState.Lifting, held.In) is { MaybeSent: true, State: RuleState.Lifting } begun
            ? begun
            : null;

    private async Task<TakenTurn?> TakeAsync(RuleTarget target, RequestBudget budget)
    {
        var turn = await turns.TakeAsync(target.Router, calls.CommandTimeout, budget.Patience, CancellationToken.None);
        return turn is null
            ? null
            : new TakenTurn(
                turns,
                new HeldTurn(
                    target.Router,
                    new CommandActor(target.Caller.UserId, target.Caller.CommandsSessionId),
                    turn,
                    calls.CommandTimeout,
                    budget
                )
            );
    }

    private static Problem ProblemOf(Rule rule) => RuleProblems.Of(rule);

    /// <summary>Releases the turn when it goes out of scope.</summary>
    private sealed class TakenTurn(IRouterTurns turns, HeldTurn held) : IAsyncDisposable
    {
        public HeldTurn In => held;

        public RouterTurn Turn => held.Turn;

        public async ValueTask DisposeAsync() => await turns.ReleaseAsync(held.Turn, held.Activities, CancellationToken.None);
    }

    /// <summary>How a command ended: the row as it is, and why that is not what was asked for.</summary>
    private sealed record CommandEnd(Rule? Rule, Problem? Problem, RuleAnswerKind Kind = RuleAnswerKind.Done)
    {
        public static CommandEnd Of(CallOutcome outcome, RuleState wanted) =>
            outcome switch
            {
                { Failure: { } failure } => new CommandEnd(outcome.Rule, failure.ToProblem()),
                { WasThere: true, Rule: { } other } => new CommandEnd(other, null, RuleAnswerKind.Already),
                { Rule: null } => new CommandEnd(null, Web.Problem.RouterNotFound()),
                { Rule: { State: RuleState.Lifting } waiting } when wanted == RuleState.Lifted => new CommandEnd(
                    waiting,
                    null,
                    RuleAnswerKind.UnderWay
                ),
                { Rule: { } rule } when rule.State == wanted => new CommandEnd(rule, null),
                // A later turn has written the row already: the answer came too late to count.
                { Rule: { } rule } => new CommandEnd(rule, RuleProblems.Of(rule)),
            };

        public RuleAnswer Value() => Problem is null ? new RuleAnswer(Rule!, Kind) : throw new ProblemException(Problem);
    }
}
