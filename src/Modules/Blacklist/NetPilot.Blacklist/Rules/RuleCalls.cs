using System.Net;
using System.Net.NetworkInformation;
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

    /// <summary>As <see cref="CallTimeout"/>, for a call that takes longer than a command.</summary>
    public TimeSpan TimeoutOf(TimeSpan timeout) => budget?.For(timeout) ?? timeout;
}

/// <summary>What came of a call, and the row as it was written after it; the row is null where it is gone.</summary>
internal sealed record CallOutcome(Rule? Rule, CommandsFailure? Failure)
{
    /// <summary>Whether the row is another one, which stood for the same device already.</summary>
    public bool WasThere { get; init; }
}

/// <summary>What a look at the router said of one row.</summary>
internal sealed record RuleSight(Presence Presence, BlockedRule? Entry, CommandsFailure? Failure);

/// <summary>What every call for a row has in common, within a turn: sent once, noted, and written whatever its outcome is.</summary>
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

    public TimeSpan CommandTimeout => options.Value.Timeouts.Command;

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
            catch (NpgsqlException exception)
                when (attempt < WriteRetries.Length && exception.SqlState != PostgresErrorCodes.UniqueViolation)
            {
                Log.WriteFailed(logger, kind.Name, rule.Id, exception.Message);
                await Task.Delay(WriteRetries[attempt], CancellationToken.None);
            }
        }
    }

    /// <summary>Writes the end of a call. Who joined during the call, and was told that the server goes on by itself, changed what a failure comes to.</summary>
    public async Task<Rule?> EndAsync(RuleKind kind, Rule rule, Func<Rule, RuleChange> end, HeldTurn held)
    {
        var saved = await SaveAsync(kind, rule, end(rule), held.Turn.Fence);
        return saved is { GoesOnByItself: true } && !rule.GoesOnByItself && saved.State == rule.State && saved.Fence <= held.Turn.Fence
            ? await SaveAsync(kind, saved, end(saved), held.Turn.Fence)
            : saved;
    }

    /// <summary>Puts the rule of an address in force on the router.</summary>
    public Task<(CommandsResult<BlockReceipt> Result, DateTimeOffset CalledAt)> AddAsync(RuleKind kind, IPAddress ip, HeldTurn held) =>
        CallAsync(kind.Add, kind.AddActivity, ip, held);

    /// <summary>Lifts one rule of an address. Null: the Commands-Server acknowledged it.</summary>
    public async Task<(CommandsFailure? Failure, DateTimeOffset CalledAt)> RemoveAsync(RuleKind kind, IPAddress ip, HeldTurn held)
    {
        var (result, calledAt) = await CallAsync(kind.Remove, kind.RemoveActivity, ip, held);
        return (result.Failure, calledAt);
    }

    /// <summary>Asks the router for its rules. Null: nothing more may be sent in this turn.</summary>
    public async Task<CommandsResult<BlockedReport>?> AskAsync(RuleKind kind, HeldTurn held) =>
        await MayGoOnAsync(held) ? await kind.Ask(client, held.Target) : null;

    /// <summary>Asks the router whether it holds the rule of a live row. The look's failure where it could not be asked.</summary>
    public async Task<RuleSight> FindAsync(RuleKind kind, Rule rule, HeldTurn held)
    {
        var look = await AskAsync(kind, held);
        if (look is not { IsSuccess: true, Data: { } report })
        {
            return new RuleSight(Presence.Unclear, null, look?.Failure);
        }

        var rows = await store.LoadAsync(
            kind,
            rule.UserId,
            rule.RouterId,
            [.. report.Rules.Select(known => known.Mac).OfType<PhysicalAddress>()],
            [.. report.Rules.Select(known => known.Address).OfType<IPAddress>()],
            CancellationToken.None
        );
        var terms = TermsOf(kind, _ => true, eager: false, time.UtcNow());
        var (presence, entry) = RuleReconciliation.Find(rule.Id, new RouterView(report), rows, terms);
        return new RuleSight(presence, entry, null);
    }

    /// <summary>What a comparison of this kind of rule goes by.</summary>
    public ReconciliationTerms TermsOf(RuleKind kind, Func<Rule, bool> isDue, bool eager, DateTimeOffset now) =>
        new(isDue, lifecycle, now, kind.FollowsDevice, kind.FollowsDevice && options.Value.MatchesAddressesBySubstring, eager);

    /// <summary>Lengthens the turn for one more call. One turn serves several calls while it is not lost and the request's time lasts.</summary>
    public async Task<bool> MayGoOnAsync(HeldTurn held, TimeSpan? callTimeout = null) =>
        !held.IsOutOfTime && await turns.RenewAsync(held.Turn, callTimeout ?? held.CallTimeout, CancellationToken.None);

    /// <summary>From now on the router may know of a command for this row.</summary>
    public void MarkSent(Rule rule) => running.MarkSent(rule.Id);

    private async Task<(CommandsResult<T> Result, DateTimeOffset CalledAt)> CallAsync<T>(
        Func<ICommandsClient, CommandsTarget, IPAddress, Task<CommandsResult<T>>> call,
        RouterActivityKind activity,
        IPAddress ip,
        HeldTurn held
    )
    {
        var calledAt = time.UtcNow();
        var started = time.GetTimestamp();
        var result = await call(client, held.Target, ip);
        held.Activities.Add(
            RouterActivity.Of(held.Router, held.Actor.UserId, activity, ip.ToString(), result, calledAt, time.GetElapsedTime(started))
        );
        return (result, calledAt);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The outcome of {Kind} {RuleId} could not be written yet: {Reason}")]
        public static partial void WriteFailed(ILogger logger, string kind, Guid ruleId, string reason);
    }
}
