namespace NetPilot.Blacklist.Lifecycle;

/// <summary>A hold that is to be placed on a device.</summary>
/// <param name="CreatedAt">When the hold came to the device; null: now.</param>
internal sealed record WantedHold(Guid DeviceId, HoldSource Source, DateTimeOffset Since, DateTimeOffset? Until, DateTimeOffset? CreatedAt);

/// <summary>What becomes of holds that are there: some end, and others begin or end at another time.</summary>
/// <param name="Changed">The holds whose times change, as they are from now on.</param>
/// <param name="Rules">The rules of all these holds. A device can have several: what a user let through stays on the rule that was lifted.</param>
internal sealed record HoldChanges(IReadOnlyList<Guid> Ended, IReadOnlyList<Hold> Changed, IReadOnlyList<Guid> Rules)
{
    public bool IsEmpty => Ended.Count == 0 && Changed.Count == 0;
}

/// <summary>Compares the holds that sources want with those that they have, and says what to do. Pure.</summary>
internal sealed class HoldPlan
{
    private readonly List<Guid> ended = [];
    private readonly List<Hold> changed = [];
    private readonly HashSet<Guid> rules = [];

    private HoldPlan() { }

    /// <summary>Holds that are there and end, or end at another time.</summary>
    public HoldChanges Changes => new(ended, changed, [.. rules]);

    /// <summary>Holds that are missing, or whose rule is gone or going.</summary>
    public List<WantedHold> Placed { get; } = [];

    /// <summary>Whether one of the holds to be placed is there already, on a rule that is to be counted anew.</summary>
    public bool Replaces { get; private set; }

    /// <summary>The rule that each device is held by already, or else was let through from.</summary>
    public Dictionary<Guid, Guid> Known { get; } = [];

    /// <summary>Devices that a user let through, and that are wanted all the same.</summary>
    public HashSet<Guid> LetThrough { get; } = [];

    public static HoldPlan Of(IReadOnlyList<WantedHolds> wanted, IReadOnlyList<Hold> present, DateTimeOffset now)
    {
        var plan = new HoldPlan();
        foreach (var want in wanted)
        {
            var own = present
                .Where(hold => hold.Kind == want.Source.Kind && hold.SourceId == want.Source.Id)
                .ToDictionary(hold => hold.DeviceId);
            HashSet<Guid> devices = [.. want.DeviceIds];
            foreach (var hold in own.Values.Where(hold => !devices.Contains(hold.DeviceId)))
            {
                if (!want.IsOver && IsRemembered(hold))
                {
                    plan.Suspend(hold, now);
                }
                else
                {
                    plan.End(hold);
                }
            }

            foreach (var device in devices)
            {
                plan.Hold(want, device, own.GetValueOrDefault(device));
            }
        }

        return plan;
    }

    /// <summary>Whether a hold does not count, because a user let the device through since it began and came to the device.</summary>
    public static bool IsLetThrough(Rule rule, Hold hold) => IsLetThrough(rule, hold, hold.Since);

    private static bool IsLetThrough(Rule rule, Hold hold, DateTimeOffset since) =>
        rule.LetThroughAt >= since && rule.LetThroughAt >= hold.CreatedAt;

    // A schedule can want the device again within the same window: after extra time, or when it is enabled again. A pause begins anew.
    private static bool IsRemembered(Hold hold) => hold.Kind == HoldKind.Schedule && IsLetThrough(hold.Rule, hold);

    /// <summary>The hold stays, so that what a user let through stays so, and ends now, so that it keeps no rule if the unblock fails.</summary>
    private void Suspend(Hold hold, DateTimeOffset now)
    {
        Known.TryAdd(hold.DeviceId, hold.RuleId);
        if (!(hold.Until <= now))
        {
            Change(hold, hold.Since, now);
        }
    }

    private void End(Hold hold)
    {
        ended.Add(hold.Id);
        rules.Add(hold.RuleId);
        Known.TryAdd(hold.DeviceId, hold.RuleId);
    }

    private void Hold(WantedHolds want, Guid device, Hold? hold)
    {
        var isLetThrough = hold is not null && IsLetThrough(hold.Rule, hold, want.Since);
        if (isLetThrough)
        {
            LetThrough.Add(device);
        }

        if (hold is null || (!isLetThrough && IsPlacedAnew(want, hold)))
        {
            Placed.Add(new WantedHold(device, want.Source, want.Since, want.Until, hold?.CreatedAt));
            Replaces |= hold is not null;
            return;
        }

        if (isLetThrough)
        {
            // Another source may hold the device by a newer rule.
            Known.TryAdd(device, hold.RuleId);
        }
        else
        {
            Known[device] = hold.RuleId;
        }

        if (hold.Since != want.Since.ToMicroseconds() || hold.Until != want.Until?.ToMicroseconds())
        {
            Change(hold, want.Since, want.Until);
        }
    }

    // The rule of a hold that is to last longer may just be going. A schedule can go from a device to the device's person, or back.
    private static bool IsPlacedAnew(WantedHolds want, Hold hold) =>
        hold.PersonId != want.Source.PersonId
        || (hold.Until is { } until && !(want.Until <= until))
        || hold.Rule.State is not (RuleState.Applying or RuleState.InForce);

    private void Change(Hold hold, DateTimeOffset since, DateTimeOffset? until)
    {
        changed.Add(
            new Hold
            {
                Id = hold.Id,
                RouterId = hold.RouterId,
                Since = since,
                Until = until,
            }
        );
        rules.Add(hold.RuleId);
    }
}
