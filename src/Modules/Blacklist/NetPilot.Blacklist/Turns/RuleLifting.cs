namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Lifts a row in state <c>lifting</c>, within a turn. Where an acknowledgement does not prove that the rule is gone, the router is asked: the
/// deployed form looks addresses up by substring, and can hold a rule more than once.
/// </summary>
internal sealed class RuleLifting(RuleStore store, RuleOutcomes outcomes, RunningCommands running, TimeProvider time)
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

    /// <param name="rule">The row, in state <c>lifting</c>.</param>
    /// <param name="ip">Where its device is.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="mustAsk">Whether the router is to be asked afterwards, whatever its form.</param>
    public async Task<RowAfterCall> LiftAsync(Rule rule, IPAddress ip, RuleTurn turn, bool mustAsk = false)
    {
        running.MarkSent(rule.Id);
        if (RulesOfSeveral.IsOne(rule))
        {
            var saved = await turn.EndAsync(rule, row => RulesOfSeveral.NotLifted(row, outcomes, time.UtcNow(), turn.AskerOf(row)));
            return new RowAfterCall(saved, RulesOfSeveral.Failure);
        }

        // The list never confirmed the rule, and the row does not know its device: only a rule that is missing afterwards shows what was lifted.
        return rule.Kind.FollowsDevice && rule is { DeviceMac: null, Code: RuleCodes.Unconfirmed }
            ? await LiftUnknownAsync(rule, ip, turn)
            : await LiftAsync(rule, ip, mayMove: true, mustAsk, turn);
    }

    private async Task<RowAfterCall> LiftAsync(Rule rule, IPAddress ip, bool mayMove, bool mustAsk, RuleTurn turn)
    {
        mustAsk |= rule.Kind.FollowsDevice && (turn.MatchesBySubstring || rule.Code == RuleCodes.Unconfirmed);
        var left = MostAtOnce;
        while (true)
        {
            var (failure, calledAt) = await turn.RemoveAsync(rule.Kind, ip);
            if (failure is not null)
            {
                return await EndRefusedAsync(rule, ip, failure, calledAt, mayMove, turn);
            }

            if (!mustAsk)
            {
                return await EndAsync(rule, null, calledAt, turn);
            }

            var look = await turn.AskAsync(rule.Kind);
            if (look is not { IsSuccess: true, Data: { } report })
            {
                return await EndAsync(rule, (look?.Failure ?? NotSeen) with { Effect = CommandEffect.Unknown }, calledAt, turn);
            }

            var remaining = report.Rules.Count(known => RuleMatching.IsSame(rule, known));
            if (remaining == 0)
            {
                return await EndAsync(rule, null, calledAt, turn);
            }

            // The command may have taken another device's rule instead, which the check that this makes due puts back.
            await store.ScheduleCheckAsync(rule.UserId, rule.RouterId, time.UtcNow());
            if (remaining >= left || !await turn.MayGoOnAsync())
            {
                return await EndAsync(rule, StillThere, calledAt, turn);
            }

            left = remaining;
        }
    }

    private async Task<RowAfterCall> LiftUnknownAsync(Rule rule, IPAddress ip, RuleTurn turn)
    {
        var before = await turn.AskAsync(rule.Kind);
        if (before is not { IsSuccess: true } || !await turn.MayGoOnAsync())
        {
            var unseen = before?.Failure ?? NotSeen;
            var saved = await turn.EndAsync(
                rule,
                row => outcomes.LiftNotDone(row, unseen.Code, unseen.Detail, time.UtcNow(), turn.AskerOf(row))
            );
            return new RowAfterCall(saved, unseen);
        }

        var (failure, calledAt) = await turn.RemoveAsync(rule.Kind, ip);
        var after = await turn.AskAsync(rule.Kind);
        if (
            failure is { FoundNoDevice: true }
            && after is { IsSuccess: true, Data: { } left }
            && (CountOf(left) > 0 || !turn.MatchesBySubstring)
        )
        {
            return await WaitAsync(rule, turn);
        }

        var outcome = after switch
        {
            not { IsSuccess: true } => (failure ?? after?.Failure ?? NotSeen) with { Effect = CommandEffect.Unknown },
            { Data: { } report } when CountOf(report) < CountOf(before.Data) || CountOf(report) == 0 => null,
            _ => (failure ?? StillThere) with { Effect = CommandEffect.NotDone },
        };
        return await EndAsync(rule, outcome, calledAt, turn);
    }

    private static int CountOf(BlockedReport report) => report.Rules.Count + report.Unreadable.Count;

    /// <summary>The router is asked why: the rule may be gone already, the device may have another address, or be away.</summary>
    private async Task<RowAfterCall> EndRefusedAsync(
        Rule rule,
        IPAddress ip,
        CommandsFailure failure,
        DateTimeOffset calledAt,
        bool mayMove,
        RuleTurn turn
    )
    {
        if (failure.Kind != CommandsFailureKind.CommandFailed)
        {
            if (!failure.MaybeAlreadyUnblocked || (await turn.FindAsync(rule)).Presence != Presence.Absent)
            {
                return await EndAsync(rule, failure, calledAt, turn);
            }

            turn.RouterAnswered();
            return await EndAsync(rule, null, calledAt, turn);
        }

        switch (await turn.FindAsync(rule))
        {
            case { Failure: { } unseen } when failure.MaybeAlreadyUnblocked:
                var unchanged = outcomes.LookFailed(rule, unseen, time.UtcNow());
                return new RowAfterCall(await turn.SaveAsync(rule, unchanged), unseen);

            case { Presence: Presence.Absent } sight when !(failure.FoundNoDevice && sight.MayLeaveOutAway):
                return await EndAsync(rule, null, calledAt, turn);

            case { Entry: { Address: null } } when failure.FoundNoDevice || failure.MaybeAlreadyUnblocked:
                return await WaitAsync(rule, turn);

            // A list without addresses does not say that the device is away.
            case { Entry: { Address: null } } when !await IsSeenAsync(rule, turn):
                return await WaitAsync(rule, turn, failure);

            case { Entry.Address: { } present } when mayMove && !present.Equals(ip) && await turn.MayGoOnAsync():
                await store.IdentifyAsync(rule, new RuleDevice(present, null, false));
                return await LiftAsync(rule, present, mayMove: false, mustAsk: false, turn);

            // The rule may be there, and with a device that the router does not find.
            case { Failure: null } sight
                when MayBeElsewhere(rule, sight, failure) && await LiftWhereSeenAsync(rule, ip, failure, mayMove, turn) is { } ended:
                return ended;

            // The router has answered: whatever the failure said of its effect, the list says what is true.
            case { Presence: Presence.Present }:
                return await EndAsync(rule, failure with { Effect = CommandEffect.NotDone, FoundNoDevice = false }, calledAt, turn);

            // The list can't say whether the rule is gone. The command is over, and another one restarts the firewall again.
            case { Failure: null } when failure.Effect == CommandEffect.Unknown:
                return new RowAfterCall(await turn.EndAsync(rule, row => outcomes.Undecided(row, time.UtcNow(), failure)), failure);

            default:
                return await EndAsync(rule, failure, calledAt, turn);
        }
    }

    /// <summary>
    /// Whether neither the failure nor the list says that the device has the address. Of a command that surely was not done, the words do not matter.
    /// </summary>
    private static bool MayBeElsewhere(Rule rule, RuleSight sight, CommandsFailure failure) =>
        failure.FoundNoDevice
        || (
            rule.Kind.FollowsDevice
            && sight.Entry?.Mac is null
            && failure is { Effect: CommandEffect.NotDone, MaybeAlreadyUnblocked: false }
        );

    /// <summary>Lifts the rule where a scan shows its device, and else waits for that. Null: the router refused what is at the address.</summary>
    private async Task<RowAfterCall?> LiftWhereSeenAsync(Rule rule, IPAddress ip, CommandsFailure failure, bool mayMove, RuleTurn turn)
    {
        var there = mayMove ? (await RulePlaces.LookAsync(rule, turn)).Address : null;
        if (there is not null && (failure.FoundNoDevice || !there.Equals(ip)))
        {
            await store.IdentifyAsync(rule, new RuleDevice(there, null, false));
            return await LiftAsync(rule, there, mayMove: false, mustAsk: false, turn);
        }

        return turn.Seen is { } seen && RulePlaces.Shows(seen, rule) ? null
            : failure.FoundNoDevice ? await WaitAsync(rule, turn)
            : turn.Seen is not null ? await WaitAsync(rule, turn, failure)
            : null;
    }

    private async Task<RowAfterCall> WaitAsync(Rule rule, RuleTurn turn, CommandsFailure? refusal = null)
    {
        var waiting = await turn.EndAsync(
            rule,
            row => refusal is null ? outcomes.WaitsForDevice(row, time.UtcNow()) : outcomes.WaitsForDevice(row, refusal, time.UtcNow())
        );
        return new RowAfterCall(waiting, null);
    }

    /// <summary>Whether a scan in this turn shows the device of the rule, as far as one can be made.</summary>
    private static async Task<bool> IsSeenAsync(Rule rule, RuleTurn turn) =>
        (turn.Seen ?? (await turn.ScanAsync())?.Data) is not { } seen || RulePlaces.Shows(seen, rule);

    private async Task<RowAfterCall> EndAsync(Rule rule, CommandsFailure? failure, DateTimeOffset calledAt, RuleTurn turn) =>
        new(await turn.EndAsync(rule, row => outcomes.LiftEnded(row, failure, calledAt, time.UtcNow(), turn.AskerOf(row))), failure);
}
