namespace NetPilot.Blacklist.Lifecycle;

/// <summary>What becomes of blocks and holds when a device goes on as another one.</summary>
/// <param name="New">The block that the device gets; null if it has one, or needs none.</param>
/// <param name="Patches">What becomes of blocks that there are, in this order.</param>
/// <param name="Moved">The holds that are of the other device from now on, each with the rule that it is on then.</param>
/// <param name="Ended">The holds that end, because the other device has one of the same source.</param>
/// <param name="LiveMore">How many more blocks count for the tier.</param>
internal sealed record BlockMove(
    Rule? New,
    IReadOnlyList<(Rule Rule, RulePatch Patch)> Patches,
    IReadOnlyList<(Hold Hold, Guid RuleId)> Moved,
    IReadOnlyList<Hold> Ended,
    int LiveMore
)
{
    /// <summary>Whether the device that stays is to be blocked because the other one is.</summary>
    public bool Blocks { get; init; }
}

/// <summary>Says what becomes of blocks and holds when a device goes on as another one. Pure.</summary>
internal sealed class BlockMoves(RuleIntents intents)
{
    /// <summary>A row without a MAC was of the device that stays all along: its holds are that one's, and blocks follow their devices.</summary>
    public static BlockMove Renamed(DeviceMerge merge, IReadOnlyList<Hold> holds)
    {
        var (moved, ended) = Divide(merge, holds);
        return new BlockMove(null, [], [.. moved.Select(hold => (hold, hold.RuleId))], ended, 0);
    }

    /// <summary>
    /// The device has another MAC now. What keeps the block of the old one keeps the block of the new one from now on, which is put in force; the
    /// old one is kept by nothing, and lifted.
    /// </summary>
    /// <param name="rules">The live blocks of both, and those that their holds are on.</param>
    /// <param name="newId">The id of a block that is to be made.</param>
    public BlockMove Of(DeviceMerge merge, IReadOnlyList<Rule> rules, IReadOnlyList<Hold> holds, Guid newId, DateTimeOffset now)
    {
        var kept = rules
            .Where(rule => rule.IsLive && IsOf(rule, merge.Into))
            .OrderByDescending(rule => rule.DeviceMac is not null)
            .FirstOrDefault();
        var (moved, ended) = Divide(merge, holds);
        var held = moved.Concat(ended).Select(hold => hold.RuleId).ToHashSet();
        Rule[] left = [.. rules.Where(rule => rule.IsLive && rule.Id != kept?.Id && (IsOf(rule, merge.From) || held.Contains(rule.Id)))];
        var followed = left.Where(rule => rule.State != RuleState.Lifting && rule.IsKept(now)).ToDictionary(rule => rule.Id);
        var manual = followed.Values.Where(rule => rule.IsHeldManually(now)).MaxBy(rule => rule.CreatedAt);
        Hold[] counting =
        [
            .. moved.Where(hold =>
                followed.TryGetValue(hold.RuleId, out var rule) && !HoldPlan.IsLetThrough(rule, hold) && !(hold.Until <= now)
            ),
        ];
        var blocks = manual is not null || counting.Length > 0;
        var key = new RuleKey(RuleKind.Block, merge.UserId, merge.RouterId, merge.Into.Address, merge.Into.Mac);
        var added = blocks && kept is null ? intents.Moved(key, newId, manual, counting, now) : null;
        var target = kept ?? added;
        // The device has a MAC again that it had before, whose rule is still to be lifted.
        var returned = kept?.ReplacedBy is not null && (manual is not null || counting.Any(hold => !HoldPlan.IsLetThrough(kept, hold)));
        return new BlockMove(
            added,
            [
                .. kept is null ? [] : WantedAlso(kept, manual, counting, now).Select(patch => (kept, patch)),
                .. returned ? [(kept!, RuleIntents.Returned)] : Array.Empty<(Rule, RulePatch)>(),
                .. left.Select(rule => (rule, intents.LeftBehind(rule, target?.Id, now))),
            ],
            [.. moved.Select(hold => (hold, counting.Contains(hold) ? target!.Id : hold.RuleId))],
            ended,
            (added is null && !returned ? 0 : 1) - (target is null ? 0 : left.Count(rule => rule.ReplacedBy is null))
        )
        {
            Blocks = blocks,
        };
    }

    /// <summary>What becomes of a block of the device that stays, which is held by what held the other one's too.</summary>
    private static IEnumerable<RulePatch> WantedAlso(Rule kept, Rule? manual, IReadOnlyList<Hold> holds, DateTimeOffset now)
    {
        // A user may have let this device through from what still held the other one.
        var counting = holds.Where(hold => !HoldPlan.IsLetThrough(kept, hold)).MaxBy(RuleIntents.EndOf);
        if (counting is not null)
        {
            yield return RuleIntents.Held(kept, counting, now);
        }

        if (manual is null)
        {
            yield break;
        }

        if (counting is null && kept.State == RuleState.Lifting)
        {
            yield return RuleIntents.TurnedRound(kept, now);
        }
        else if (kept.State == RuleState.Applying)
        {
            yield return RuleIntents.GoesOn(kept, now);
        }

        yield return RuleIntents.Described(RuleIntents.WordsOf(kept, manual), new ManualHold(manual.CreatedBy, now));
    }

    /// <summary>The holds of the device that goes: those that the other one takes over, and those that it has of its own.</summary>
    private static (Hold[] Moved, Hold[] Ended) Divide(DeviceMerge merge, IReadOnlyList<Hold> holds)
    {
        var own = holds.Where(hold => hold.DeviceId == merge.Into.Id).Select(hold => (hold.Kind, hold.SourceId)).ToHashSet();
        var moving = holds.Where(hold => hold.DeviceId == merge.From.Id).ToLookup(hold => own.Contains((hold.Kind, hold.SourceId)));
        return ([.. moving[false]], [.. moving[true]]);
    }

    private static bool IsOf(Rule rule, KnownDevice device) =>
        rule.DeviceMac is null ? rule.DeviceIp.Equals(device.Address) : rule.DeviceMac.Equals(device.Mac);
}
