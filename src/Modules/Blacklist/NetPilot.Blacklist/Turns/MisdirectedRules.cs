namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Takes back what the router put on another device than the one that was meant. The rule gets a row of its own, which is only to be lifted: whatever
/// becomes of the command, it is not forgotten, and the row that it was meant for can say what is true of its own device.
/// </summary>
internal sealed class MisdirectedRules(
    RuleStore store,
    RuleWriter writer,
    RuleLifting lifting,
    RuleIntents intents,
    RuleOutcomes outcomes,
    TimeProvider time
)
{
    /// <returns>Whether the rule is gone.</returns>
    public async Task<bool> LiftAsync(Rule meant, RuleDevice other, RuleTurn turn)
    {
        var own = intents.MisdirectedRow(meant, time.NewId(), other, turn.Fence, time.UtcNow());
        if (await writer.InsertMisdirectedAsync(own) is not { } misdirected)
        {
            return await store.FindAsync(meant) is not null && await LiftOfBlockedAsync(meant, other, turn);
        }

        if (!await turn.MayGoOnAsync())
        {
            await writer.LookNowAsync(misdirected);
            return false;
        }

        if ((await lifting.LiftAsync(misdirected, other.Ip, turn)).Rule is not { State: RuleState.Lifted })
        {
            return false;
        }

        // Nobody wanted that device to be blocked: a rule that somebody else makes for it later is none of ours.
        await store.DeleteAsync(misdirected);
        return true;
    }

    /// <summary>What becomes of the row that the rule was meant for. What a pause or a schedule holds waits for its device.</summary>
    public RuleChange OutcomeFor(Rule meant) =>
        meant.HeldUntil > time.UtcNow() ? outcomes.AwaitsDevice(meant, time.UtcNow()) : RuleOutcomes.WentElsewhere(meant, time.UtcNow());

    /// <summary>The other device is blocked by a row of its own. The router has one rule too many now, or too few once this one is gone: a check tells.</summary>
    private async Task<bool> LiftOfBlockedAsync(Rule meant, RuleDevice other, RuleTurn turn)
    {
        await store.ScheduleCheckAsync(meant.UserId, meant.RouterId, time.UtcNow());
        return await turn.MayGoOnAsync() && (await turn.RemoveAsync(meant.Kind, other.Ip)).Failure is null;
    }
}
