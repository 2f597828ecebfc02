using System.Net;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Persistence;

namespace NetPilot.Blacklist.Rules;

/// <summary>
/// Lifts a row in state <c>lifting</c>, within a turn. Where an acknowledgement does not prove that the rule is gone, the router is asked: the
/// deployed form looks addresses up by substring, and can hold a rule more than once.
/// </summary>
internal sealed class RuleLifting(
    RuleStore store,
    RuleCalls calls,
    RuleLifecycle lifecycle,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    // A router that holds a rule more often than this loses the rest at the next look.
    private const int MostAtOnce = 32;

    private static readonly CommandsFailure StillThere = new(
        CommandsFailureKind.CommandFailed,
        CommandEffect.NotDone,
        "The router acknowledged the command and still holds the rule."
    );

    private static readonly CommandsFailure NotSeen = new(
        CommandsFailureKind.CommandTimeout,
        CommandEffect.Unknown,
        "The router acknowledged the command, and could not be asked in time whether it lifted the right rule."
    );

    /// <param name="kind">The kind of rule.</param>
    /// <param name="rule">The row, in state <c>lifting</c>.</param>
    /// <param name="ip">Where its device is.</param>
    /// <param name="held">The turn.</param>
    public Task<CallOutcome> LiftAsync(RuleKind kind, Rule rule, IPAddress ip, HeldTurn held)
    {
        calls.MarkSent(rule);
        // The list never confirmed the rule, and the row does not know its device: only a rule that is missing afterwards shows what was lifted.
        return kind.FollowsDevice && rule is { DeviceMac: null, Code: RuleCodes.Unconfirmed }
            ? LiftUnknownAsync(kind, rule, ip, held)
            : LiftAsync(kind, rule, ip, mayMove: true, held);
    }

    private async Task<CallOutcome> LiftAsync(RuleKind kind, Rule rule, IPAddress ip, bool mayMove, HeldTurn held)
    {
        var mustAsk = kind.FollowsDevice && (options.Value.MatchesAddressesBySubstring || rule.Code == RuleCodes.Unconfirmed);
        var left = MostAtOnce;
        while (true)
        {
            var (failure, calledAt) = await calls.RemoveAsync(kind, ip, held);
            if (failure is not null)
            {
                return await EndRefusedAsync(kind, rule, ip, failure, calledAt, mayMove, held);
            }

            if (!mustAsk)
            {
                return await EndAsync(kind, rule, null, calledAt, held);
            }

            var look = await calls.AskAsync(kind, held);
            if (look is not { IsSuccess: true, Data: { } report })
            {
                return await EndAsync(kind, rule, (look?.Failure ?? NotSeen) with { Effect = CommandEffect.Unknown }, calledAt, held);
            }

            var remaining = report.Rules.Count(known => RuleReconciliation.IsSame(rule, known));
            if (remaining == 0)
            {
                return await EndAsync(kind, rule, null, calledAt, held);
            }

            // The command may have taken another device's rule instead, which the check that this makes due puts back.
            await store.ScheduleCheckAsync(rule.UserId, rule.RouterId, time.UtcNow(), CancellationToken.None);
            if (remaining >= left || !await calls.MayGoOnAsync(held))
            {
                return await EndAsync(kind, rule, StillThere, calledAt, held);
            }

            left = remaining;
        }
    }

    private async Task<CallOutcome> LiftUnknownAsync(RuleKind kind, Rule rule, IPAddress ip, HeldTurn held)
    {
        var before = await calls.AskAsync(kind, held);
        if (before is not { IsSuccess: true } || !await calls.MayGoOnAsync(held))
        {
            var unseen = before?.Failure ?? NotSeen;
            var change = lifecycle.LiftNotDone(rule, unseen.Code, unseen.Detail, time.UtcNow(), held.ByServer);
            return new CallOutcome(await calls.SaveAsync(kind, rule, change, held.Turn.Fence), unseen);
        }

        var (failure, calledAt) = await calls.RemoveAsync(kind, ip, held);
        var after = await calls.AskAsync(kind, held);
        var outcome = after switch
        {
            not { IsSuccess: true } => (failure ?? after?.Failure ?? NotSeen) with { Effect = CommandEffect.Unknown },
            { Data: { } report } when CountOf(report) < CountOf(before.Data) || CountOf(report) == 0 => null,
            _ => (failure ?? StillThere) with { Effect = CommandEffect.NotDone },
        };
        return await EndAsync(kind, rule, outcome, calledAt, held);
    }

    private static int CountOf(BlockedReport report) => report.Rules.Count + report.Unreadable.Count;

    /// <summary>The router is asked why: the rule may be gone already, the device may have another address, or be away.</summary>
    private async Task<CallOutcome> EndRefusedAsync(
        RuleKind kind,
        Rule rule,
        IPAddress ip,
        CommandsFailure failure,
        DateTimeOffset calledAt,
        bool mayMove,
        HeldTurn held
    )
    {
        if (failure.Kind != CommandsFailureKind.CommandFailed)
        {
            return await EndAsync(kind, rule, failure, calledAt, held);
        }

        switch (await calls.FindAsync(kind, rule, held))
        {
            case { Failure: { } unseen } when failure.MaybeAlreadyUnblocked:
                var unchanged = lifecycle.LookFailed(rule, unseen, time.UtcNow());
                return new CallOutcome(await calls.SaveAsync(kind, rule, unchanged, held.Turn.Fence), unseen);

            case { Presence: Presence.Absent }:
                return await EndAsync(kind, rule, null, calledAt, held);

            case { Entry: { Address: null } }:
                var waiting = lifecycle.WaitsForDevice(rule, time.UtcNow(), refused: true);
                return new CallOutcome(await calls.SaveAsync(kind, rule, waiting, held.Turn.Fence), null);

            case { Entry.Address: { } present } when mayMove && !present.Equals(ip) && await calls.MayGoOnAsync(held):
                await store.IdentifyAsync(kind, rule.Id, new RuleDevice(present, null, false), CancellationToken.None);
                return await LiftAsync(kind, rule, present, mayMove: false, held);

            // The router has answered: whatever the failure said of its effect, the list says what is true.
            case { Presence: Presence.Present }:
                return await EndAsync(kind, rule, failure with { Effect = CommandEffect.NotDone }, calledAt, held);

            default:
                return await EndAsync(kind, rule, failure, calledAt, held);
        }
    }

    private async Task<CallOutcome> EndAsync(RuleKind kind, Rule rule, CommandsFailure? failure, DateTimeOffset calledAt, HeldTurn held)
    {
        var saved = await calls.EndAsync(
            kind,
            rule,
            row => lifecycle.LiftEnded(row, failure, calledAt, time.UtcNow(), held.ByServer),
            held
        );
        return new CallOutcome(saved, failure);
    }
}
