namespace NetPilot.Blacklist.Settling;

/// <summary>Two rows turned out to be of one device: the one that stays takes what the other one says.</summary>
internal sealed class MergedRows(RuleStore store, TimeProvider time)
{
    public async Task KeepAsync(OwnedRouter router, Rule? kept, Rule duplicate)
    {
        if (kept is null)
        {
            return;
        }

        await store.MoveHoldsAsync(duplicate, kept, time.UtcNow());
        var wanted = IsWantedSince(kept, duplicate) ? await store.PatchAsync(kept, WantedAgain(kept)) : null;
        if (duplicate.HeldManually)
        {
            var manual = new ManualHold(duplicate.CreatedBy, time.UtcNow());
            await store.DescribeAsync(wanted ?? kept, RuleIntents.WordsOf(kept, duplicate), manual);
        }

        if (wanted is not null)
        {
            // The lift that was under way has ended what held the device before.
            await store.RecountHoldsAsync(router, time.UtcNow());
        }
    }

    /// <summary>Whether the device was blocked anew, by a row of its own, since the row that stays is only to be lifted.</summary>
    private bool IsWantedSince(Rule kept, Rule duplicate) =>
        kept is { State: RuleState.Lifting, ReplacedBy: null }
        && duplicate.State != RuleState.Lifting
        && duplicate.IsKept(time.UtcNow())
        && duplicate.CreatedAt > (kept.LetThroughAt ?? kept.UnkeptSince(time.UtcNow()));

    // The user who let the device through ended the manual hold that the row had.
    private RulePatch WantedAgain(Rule kept) =>
        RuleIntents.TurnedRound(kept, time.UtcNow()) with
        {
            EndsManual = kept.LetThroughAt is not null,
            HeldUntil = kept.LetThroughAt,
        };
}
