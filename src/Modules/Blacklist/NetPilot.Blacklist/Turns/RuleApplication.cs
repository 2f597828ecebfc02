namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Puts a row in state <c>applying</c> in force, within a turn. The command is sent once. The router says which device it resolved the address
/// to, in its answer or in its list, and the row adopts that device; a rule that does not belong to exactly one device is taken back.
/// </summary>
internal sealed class RuleApplication(
    RuleStore store,
    RuleOutcomes outcomes,
    RunningCommands running,
    MisdirectedRules misdirected,
    RuleLandings landings,
    TimeProvider time
)
{
    private static readonly CommandsFailure NotOneDevice = NotDone(
        "The router applied the rule to something else than one device; it is taken back."
    );

    private static readonly CommandsFailure AnotherDevice = NotDone(
        "The address is another device's now; the router applied the rule to that one, and it is taken back."
    );

    private static readonly CommandsFailure IsBeingLifted = NotDone(
        "A rule of the device is being lifted, and this one was taken back with it."
    );

    /// <param name="isOfDevice">Whether the rule is for the device that the row names, and not for whichever one the router finds at the address.</param>
    /// <param name="looks">Whether the caller looks for the device if the router finds nobody at the address.</param>
    public async Task<RowAfterCall> ApplyAsync(Rule rule, IPAddress ip, RuleTurn turn, bool isOfDevice = false, bool looks = false)
    {
        var bySubstring = rule.Kind.FollowsDevice && turn.MatchesBySubstring;
        if (bySubstring && await landings.RefusalAsync(rule, ip, turn) is { } refusal)
        {
            return await FailAsync(rule, refusal, turn);
        }

        running.MarkSent(rule.Id);
        if (!ip.Equals(rule.DeviceIp))
        {
            // Until the router names the device, only the address tells whose rule it is.
            await turn.SaveAsync(rule, RuleChange.None(rule) with { Device = new RuleDevice(ip, null, Confirmed: false) });
        }

        var (result, calledAt) = await turn.AddAsync(rule.Kind, ip);
        if (!result.IsSuccess)
        {
            return await EndFailedAsync(rule, ip, (result.Failure, calledAt), turn, looks);
        }

        var receipt = result.Data;
        if (receipt.IsOfSeveral)
        {
            return await EndOfSeveralAsync(rule, turn);
        }

        if (receipt.IsAmbiguous)
        {
            return await WithdrawAsync(rule, ip, NotOneDevice, turn);
        }

        var device =
            !rule.Kind.FollowsDevice ? null
            : receipt.Mac is not null ? new RuleDevice(ip, receipt.Mac, Confirmed: true)
            : isOfDevice && rule.DeviceMac is not null ? await RuleLandings.DeviceAtAsync(rule, ip, turn)
            : null;
        if (bySubstring && device is not null && await RuleLandings.ElsewhereAsync(rule, device, turn) is { } elsewhere)
        {
            await misdirected.LiftAsync(rule, device with { Ip = elsewhere }, turn);
            return new RowAfterCall(await turn.EndAsync(rule, misdirected.OutcomeFor), NotOneDevice);
        }

        if (
            device is not null
            && rule.DeviceMac is not null
            && !device.Mac!.Equals(rule.DeviceMac)
            && (isOfDevice || await IsHeldAsync(rule))
        )
        {
            await misdirected.LiftAsync(rule, device, turn);
            return new RowAfterCall(await turn.EndAsync(rule, misdirected.OutcomeFor), AnotherDevice);
        }

        return await EndAppliedAsync(rule, ip, device, turn);
    }

    // What a pause or a schedule came to means the device of the row.
    private async Task<bool> IsHeldAsync(Rule rule) => (await store.FindAsync(rule))?.HeldUntil > time.UtcNow();

    private async Task<RowAfterCall> EndOfSeveralAsync(Rule rule, RuleTurn turn)
    {
        await store.ScheduleCheckAsync(rule.UserId, rule.RouterId, time.UtcNow());
        var saved = await turn.SaveAsync(rule, RulesOfSeveral.Made(rule, time.UtcNow()));
        if (saved is { State: RuleState.Lifting })
        {
            // It was unblocked during the call. No list shows the rule, so that nothing but this row can say that it is there.
            saved = await turn.SaveAsync(saved, RulesOfSeveral.Made(saved, time.UtcNow()));
        }

        return new RowAfterCall(saved, RulesOfSeveral.Failure);
    }

    private async Task<RowAfterCall> EndAppliedAsync(Rule rule, IPAddress ip, RuleDevice? device, RuleTurn turn)
    {
        try
        {
            return new RowAfterCall(await turn.EndAsync(rule, row => outcomes.Applied(row, device, time.UtcNow())), null);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another row stands for the same device: the router has its rule twice now, and one has to go.
            return await EndDuplicateAsync(rule, ip, device!, turn);
        }
    }

    private async Task<RowAfterCall> EndDuplicateAsync(Rule rule, IPAddress ip, RuleDevice device, RuleTurn turn)
    {
        // Whoever joined this row finds the other one by the address from now on.
        var kept = await store.FindDeviceAsync(rule, device.Mac!);
        if (kept is not null && await store.FindAsync(rule) is { } held)
        {
            // A pause may have come to this row during the call.
            await store.MoveHoldsAsync(held, kept, time.UtcNow());
        }

        var taken = await WithdrawAsync(rule, ip, null, turn);
        return kept switch
        {
            null => taken,
            { State: RuleState.Lifting } => taken with { Failure = IsBeingLifted },
            _ => new RowAfterCall(kept, null) { WasThere = true },
        };
    }

    /// <summary>The Commands-Server says that the command failed. It can have been carried out all the same, which the router is asked first.</summary>
    private async Task<RowAfterCall> EndFailedAsync(
        Rule rule,
        IPAddress ip,
        (CommandsFailure Failure, DateTimeOffset CalledAt) call,
        RuleTurn turn,
        bool looks
    )
    {
        var (failure, calledAt) = call;
        if (failure.Kind == CommandsFailureKind.CommandFailed)
        {
            switch (await turn.FindAsync(rule))
            {
                case { Presence: Presence.Present, Entry: { } entry }:
                    var device = entry.Mac is null ? null : new RuleDevice(ip, entry.Mac, Confirmed: true);
                    return await EndAppliedAsync(rule, ip, device, turn);
                // The words of a refusal do not always say that the device is not there.
                case { Failure: null } sight
                    when looks && failure.Effect == CommandEffect.NotDone && (failure.FoundNoDevice || sight.Presence == Presence.Absent):
                    return new RowAfterCall(rule, failure) { UnlessFound = End };
                case { Presence: Presence.Absent }:
                    failure = failure with { Effect = CommandEffect.NotDone };
                    break;
            }
        }

        return new RowAfterCall(await turn.EndAsync(rule, End), failure);

        RuleChange End(Rule row) => outcomes.ApplyFailed(row, failure, calledAt, time.UtcNow(), IsRefusal(rule, call.Failure, turn));
    }

    /// <summary>
    /// Whether the router may have tried in vain, and restarted its firewall: it did not say that nothing was done, or did not do it for a device that
    /// is there.
    /// </summary>
    private static bool IsRefusal(Rule rule, CommandsFailure failure, RuleTurn turn) =>
        failure is { Kind: CommandsFailureKind.CommandFailed, FoundNoDevice: false }
        && (failure.Effect == CommandEffect.Unknown || (turn.Seen is { } seen && RulePlaces.Shows(seen, rule)));

    /// <summary>Removes the rule that was just made. The row has failed then; until the router acknowledges that, it is being lifted.</summary>
    private async Task<RowAfterCall> WithdrawAsync(Rule rule, IPAddress ip, CommandsFailure? reason, RuleTurn turn)
    {
        var lifting = await turn.SaveAsync(rule, Withdrawn(rule));
        if (lifting is { State: RuleState.Applying, GoesOnByItself: true } && !rule.GoesOnByItself && lifting.Fence <= turn.Fence)
        {
            // Somebody joined during the call. The rule is to go all the same.
            lifting = await turn.SaveAsync(lifting, Withdrawn(lifting));
        }

        if (lifting is not { State: RuleState.Lifting } || !await turn.MayGoOnAsync())
        {
            return new RowAfterCall(lifting, reason);
        }

        var (failure, calledAt) = await turn.RemoveAsync(rule.Kind, ip);
        var ended = await turn.EndAsync(
            lifting,
            row =>
                EndOf(row, time.UtcNow()) with
                {
                    EndsManual = reason is not null && !rule.GoesOnByItself && row.HeldUntil > time.UtcNow(),
                }
        );
        return new RowAfterCall(ended, reason);

        RuleChange EndOf(Rule row, DateTimeOffset now) =>
            failure is not null || reason is null || row.LetThroughAt != rule.LetThroughAt
                ? outcomes.LiftEnded(row, failure, calledAt, now, LiftAsker.Server)
            : row.HeldUntil > now ? outcomes.AwaitsDevice(row, now, restarted: true)
            : RuleOutcomes.WentElsewhere(row, now);

        // What was in force before is so no longer.
        RuleChange Withdrawn(Rule row) => outcomes.Withdrawn(row, time.UtcNow()) with { AppliedAt = null };
    }

    /// <summary>Nothing was sent.</summary>
    public async Task<RowAfterCall> FailAsync(Rule rule, CommandsFailure failure, RuleTurn turn)
    {
        var saved = await turn.EndAsync(rule, row => outcomes.ApplyNotDone(row, failure.Code, failure.Detail, time.UtcNow()));
        return new RowAfterCall(saved, failure);
    }

    /// <summary>Nothing is in force, for a reason that the server knows by itself.</summary>
    internal static CommandsFailure NotDone(string detail) => new(CommandsFailureKind.CommandFailed, CommandEffect.NotDone, detail);
}
