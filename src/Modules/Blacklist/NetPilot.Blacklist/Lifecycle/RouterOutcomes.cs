namespace NetPilot.Blacklist.Lifecycle;

/// <summary>What becomes of the rows of a router by what happened to all of its rules or devices. Pure.</summary>
internal static class RouterOutcomes
{
    /// <summary>The router was reset: it holds none of the rules any more that were there when the reset was sent.</summary>
    public static RulePatch Cleared(long fence, DateTimeOffset now) =>
        new(RuleStates.Live)
        {
            State = RuleState.Lifted,
            LiftedAt = now,
            LetThroughAt = new(now),
            Fence = fence,
            MaybeSent = false,
            Due = new RuleDue(null),
            GiveUpAt = new(null),
            ForgetsFailure = true,
            ClearingFence = new(null),
            OnlyOfReset = fence,
        };

    /// <summary>
    /// What is in force once the rows of a reset are cleared was wanted again while it was being sent. The reset took its rule too: it is put back from now
    /// on.
    /// </summary>
    public static RulePatch WantedSinceReset(long fence, DateTimeOffset now) =>
        new(RuleState.InForce)
        {
            State = RuleState.Applying,
            Fence = fence,
            MaybeSent = false,
            Due = new(now),
            GiveUpAt = new(now + RulePacing.GiveUpAfter),
            Attempts = 0,
            ForgetsFailure = true,
        };

    /// <summary>A scan shows the device of a row that waits for it: the row is due.</summary>
    public static RulePatch DeviceSeen(DateTimeOffset now) => new(RuleState.Applying, RuleState.Lifting) { Due = new(now, DueWhere.Later) };
}
