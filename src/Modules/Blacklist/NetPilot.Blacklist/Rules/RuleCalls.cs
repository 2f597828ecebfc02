using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Blacklist.Rules;

/// <summary>A turn that is held: for which router, for whom, within which request's time (the server's own maintenance has none), and what was done in it so far.</summary>
internal sealed class HeldTurn(
    OwnedRouter router,
    CommandActor actor,
    RouterTurn turn,
    TimeSpan commandTimeout,
    RequestBudget? budget = null
)
{
    public OwnedRouter Router => router;

    public CommandActor Actor => actor;

    public RouterTurn Turn => turn;

    /// <summary>Whether the server acts, and not a user who waits.</summary>
    public bool ByServer => actor.UserId is null;

    /// <summary>How long a call may take that begins now.</summary>
    public TimeSpan CallTimeout => budget?.For(commandTimeout) ?? commandTimeout;

    /// <summary>Whether what is left of the request's time is no longer worth a call.</summary>
    public bool IsOutOfTime => budget?.Patience == TimeSpan.Zero;

    public List<RouterActivity> Activities { get; } = [];

    public CommandsTarget Target => new(actor.CommandsSessionId, router.RouterId, CallTimeout);
}

/// <summary>What came of a call, and the row as it was written after it; the row is null where it is gone.</summary>
internal sealed record CallOutcome(Rule? Rule, CommandsFailure? Failure);

/// <summary>The calls for one row, within a turn: sent once, with the outcome written whatever it is.</summary>
internal sealed partial class RuleCalls(
    RuleStore store,
    RuleSignals signals,
    RunningCommands running,
    ICommandsClient client,
    RuleLifecycle lifecycle,
    IRouterTurns turns,
    IOptions<CommandsServerOptions> options,
    TimeProvider time,
    ILogger<RuleCalls> logger
)
{
    private static readonly TimeSpan[] WriteRetries =
    [
        TimeSpan.FromMilliseconds(100),
        TimeSpan.FromMilliseconds(500),
        TimeSpan.FromSeconds(2),
    ];

    private static readonly CommandsFailure Misdirected = new(
        CommandsFailureKind.CommandFailed,
        CommandEffect.NotDone,
        "The router lifted the rule of another device, whose address contains this one; that rule is put back."
    );

    private static readonly CommandsFailure NotSeen = new(
        CommandsFailureKind.CommandTimeout,
        CommandEffect.Unknown,
        "The router acknowledged the command, and could not be asked in time whether it lifted the right rule."
    );

    public TimeSpan CommandTimeout => options.Value.Timeouts.Command;

    /// <summary>Puts a row in state <c>applying</c> in force.</summary>
    public async Task<CallOutcome> ApplyAsync(RuleKind kind, Rule rule, HeldTurn held)
    {
        running.MarkSent(rule.Id);
        var (failure, calledAt) = await CallAsync(kind.Add, kind.AddActivity, rule.DeviceIp, held);
        var saved = await EndAsync(kind, rule, row => lifecycle.ApplyEnded(row, failure, calledAt, time.UtcNow()), held);
        return new CallOutcome(saved, failure);
    }

    /// <summary>
    /// Lifts a row in state <c>lifting</c>. Where the Commands-Server refuses, the router is asked why: the rule may be gone already, the
    /// device may have another address, or be away.
    /// </summary>
    public async Task<CallOutcome> LiftAsync(RuleKind kind, Rule rule, IPAddress ip, HeldTurn held)
    {
        running.MarkSent(rule.Id);
        var (failure, calledAt) = await CallAsync(kind.Remove, kind.RemoveActivity, ip, held);
        if (failure is null)
        {
            return await EndAcknowledgedLiftAsync(kind, rule, ip, calledAt, held);
        }

        if (failure is not { Kind: CommandsFailureKind.CommandFailed, Effect: CommandEffect.NotDone } || !await MayGoOnAsync(held))
        {
            return await EndLiftAsync(kind, rule, failure, calledAt, held);
        }

        var look = await kind.Ask(client, held.Target);
        if (!look.IsSuccess)
        {
            return failure.MaybeAlreadyUnblocked
                ? new CallOutcome(
                    await SaveAsync(kind, rule, lifecycle.LookFailed(rule, look.Failure, time.UtcNow()), held.Turn.Fence),
                    look.Failure
                )
                : await EndLiftAsync(kind, rule, failure, calledAt, held);
        }

        return look.Data.Rules.FirstOrDefault(known => RuleReconciliation.IsSame(rule, known)) switch
        {
            null => await EndLiftAsync(kind, rule, null, calledAt, held),
            { Address: null } => new CallOutcome(
                await SaveAsync(kind, rule, lifecycle.WaitsForDevice(rule, time.UtcNow()), held.Turn.Fence),
                null
            ),
            { Address: { } present } when !present.Equals(ip) => await LiftElsewhereAsync(kind, rule, present, held)
                ?? await EndLiftAsync(kind, rule, failure, calledAt, held),
            _ => await EndLiftAsync(kind, rule, failure, calledAt, held),
        };
    }

    /// <summary>Writes that a command is about to be sent for the row, if the row is still what it was. Null: it is not, send nothing.</summary>
    public Task<Rule?> BeginAsync(RuleKind kind, Rule rule, RuleState state, HeldTurn held) =>
        SaveAsync(kind, rule, lifecycle.Sending(rule, state, time.UtcNow()), held.Turn.Fence);

    /// <summary>
    /// Writes an outcome. PostgreSQL may be away just now, and the outcome is worth some patience: without it the row waits to be settled.
    /// Where the row has moved on under a later turn, it is returned as it is; null if it is gone.
    /// </summary>
    public async Task<Rule?> SaveAsync(RuleKind kind, Rule rule, RuleChange change, long fence)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var saved =
                    await store.SaveAsync(kind, rule, change, fence, CancellationToken.None)
                    ?? await store.FindAsync(kind, rule.Id, CancellationToken.None);
                signals.Raise(rule.Id);
                return saved;
            }
            catch (NpgsqlException exception) when (attempt < WriteRetries.Length)
            {
                Log.WriteFailed(logger, kind.Name, rule.Id, exception.Message);
                await Task.Delay(WriteRetries[attempt], CancellationToken.None);
            }
        }
    }

    /// <summary>Calls, and notes it in the turn's activities. Null: the Commands-Server acknowledged it.</summary>
    public async Task<(CommandsFailure? Failure, DateTimeOffset CalledAt)> CallAsync<T>(
        Func<ICommandsClient, CommandsTarget, IPAddress, Task<CommandsResult<T>>> call,
        RouterActivityKind activity,
        IPAddress ip,
        HeldTurn held
    )
    {
        var calledAt = time.UtcNow();
        var started = time.GetTimestamp();
        var result = await call(client, held.Target, ip);
        var target = ip.ToString();
        held.Activities.Add(
            RouterActivity.Of(held.Router, held.Actor.UserId, activity, target, result, calledAt, time.GetElapsedTime(started))
        );
        return (result.Failure, calledAt);
    }

    // Null: nothing more may be sent in this turn.
    private async Task<CallOutcome?> LiftElsewhereAsync(RuleKind kind, Rule rule, IPAddress present, HeldTurn held)
    {
        if (!await MayGoOnAsync(held))
        {
            return null;
        }

        await store.IdentifyAsync(kind, rule.Id, present, rule.DeviceMac, CancellationToken.None);
        var (failure, calledAt) = await CallAsync(kind.Remove, kind.RemoveActivity, present, held);
        return failure is null
            ? await EndAcknowledgedLiftAsync(kind, rule, present, calledAt, held)
            : await EndLiftAsync(kind, rule, failure, calledAt, held);
    }

    // One turn serves several calls while it is not lost and the request's time lasts.
    private async Task<bool> MayGoOnAsync(HeldTurn held) =>
        !held.IsOutOfTime && await turns.RenewAsync(held.Turn, held.CallTimeout, CancellationToken.None);

    /// <summary>
    /// Where addresses are matched by substring, an acknowledged lift may have taken the rule of another device, and has where the router
    /// still holds the one that was meant. The other rule is missed, and put back, by the check that this makes due.
    /// </summary>
    private async Task<CallOutcome> EndAcknowledgedLiftAsync(RuleKind kind, Rule rule, IPAddress ip, DateTimeOffset calledAt, HeldTurn held)
    {
        if (!kind.FollowsDevice || !options.Value.MatchesAddressesBySubstring)
        {
            return await EndLiftAsync(kind, rule, null, calledAt, held);
        }

        var gone = RuleLifecycle.Gone(rule, time.UtcNow()) with { UnlessLookalikeOf = ip };
        var saved = await SaveAsync(kind, rule, gone, held.Turn.Fence);
        if (saved is not { State: RuleState.Lifting })
        {
            return new CallOutcome(saved, null);
        }

        await store.ScheduleCheckAsync(rule.UserId, rule.RouterId, time.UtcNow(), CancellationToken.None);
        var look = await MayGoOnAsync(held) ? await kind.Ask(client, held.Target) : null;
        var failure = look switch
        {
            null => NotSeen,
            { IsSuccess: false } => look.Failure with { Effect = CommandEffect.Unknown },
            { Data: { } report } => report.Rules.Any(known => RuleReconciliation.IsSame(rule, known)) ? Misdirected : null,
        };
        return await EndLiftAsync(kind, rule, failure, calledAt, held);
    }

    private async Task<CallOutcome> EndLiftAsync(RuleKind kind, Rule rule, CommandsFailure? failure, DateTimeOffset calledAt, HeldTurn held)
    {
        var saved = await EndAsync(kind, rule, row => lifecycle.LiftEnded(row, failure, calledAt, time.UtcNow(), held.ByServer), held);
        return new CallOutcome(saved, failure);
    }

    // Who joined during the call, and was told that the server goes on by itself, changed what a failure comes to.
    private async Task<Rule?> EndAsync(RuleKind kind, Rule rule, Func<Rule, RuleChange> end, HeldTurn held)
    {
        var change = end(rule);
        var saved = await SaveAsync(kind, rule, change, held.Turn.Fence);
        return saved is { GoesOnByItself: true } && !rule.GoesOnByItself && saved.State == rule.State && saved.Fence <= held.Turn.Fence
            ? await SaveAsync(kind, saved, end(saved), held.Turn.Fence)
            : saved;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The outcome of {Kind} {RuleId} could not be written yet: {Reason}")]
        public static partial void WriteFailed(ILogger logger, string kind, Guid ruleId, string reason);
    }
}
