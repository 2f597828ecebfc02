namespace NetPilot.Blacklist.Data.Entities;

/// <summary>Something that a user wants the router to hold: a block, or an entry of one of the two lists. The row says how far that got.</summary>
internal class Rule
{
    public RuleKind Kind { get; init; } = RuleKind.Block;
    public Guid Id { get; init; }
    public Guid UserId { get; init; }
    public required string RouterId { get; init; }

    /// <summary>The device's address as last seen. It follows the device where the MAC is known.</summary>
    public required IPAddress DeviceIp { get; init; }

    public PhysicalAddress? DeviceMac { get; init; }

    /// <summary>Whether the router itself tied the rule to <see cref="DeviceMac"/>: in the answer of a block, or in its list of rules.</summary>
    public bool MacConfirmed { get; init; }

    /// <summary>Other addresses that the router resolved to the same device when a block of them was asked for.</summary>
    public IPAddress[] DeviceAliases { get; init; } = [];

    /// <summary>The user's own words: a block's reason, a list entry's description.</summary>
    public string? Note { get; init; }

    public RuleState State { get; init; }

    /// <summary>Why the last attempt did not succeed; null once one has.</summary>
    public string? Code { get; init; }

    /// <summary>What goes with <see cref="Code"/>, for whoever waits for the same outcome.</summary>
    public string? Detail { get; init; }

    public Guid? CreatedBy { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? AppliedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? LiftedAt { get; init; }

    /// <summary>The turn in which the row was last written: a late answer of an older turn changes nothing.</summary>
    public long Fence { get; init; }

    /// <summary>Whether a command whose outcome is not known may have reached the router. Only asking the router settles that.</summary>
    public bool MaybeSent { get; init; }

    /// <summary>When the background work is to look at the row; null if there is nothing to do.</summary>
    public DateTimeOffset? SettleAt { get; init; }

    /// <summary>Until when the server goes on trying by itself; null if it does not.</summary>
    public DateTimeOffset? GiveUpAt { get; init; }

    /// <summary>Attempts that failed, as far as they make the next pause longer, and repeats since the router was last seen to hold the rule.</summary>
    public int Attempts { get; init; }

    /// <summary>The turn of a reset that was sent and may have removed the rule: a rule that is absent then is gone for good.</summary>
    public long? ClearingFence { get; init; }

    /// <summary>Whether a manual hold keeps the rule. It ends with <see cref="ExpiresAt"/>.</summary>
    public bool HeldManually { get; init; } = true;

    /// <summary>
    /// When the last one of the other holds ends, or has ended; <see cref="DateTimeOffset.MaxValue"/> where it has no end, and null where there
    /// never was one. It is written with the rows of <see cref="Holds"/>, so that a statement that has locked the rule knows what keeps it.
    /// </summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>When a user last let the device through. A hold that began before does not bring the rule back.</summary>
    public DateTimeOffset? LetThroughAt { get; init; }

    /// <summary>
    /// The row that took this one's place, because the device goes on under another MAC, or that the rule was meant for. The rule is only to be
    /// lifted, and does not count for the tier: its place there is the other row's.
    /// </summary>
    public Guid? ReplacedBy { get; init; }

    /// <summary>The pauses and schedules that hold the rule, and those that held it when it ended. Read only where they are answered.</summary>
    public List<Hold> Holds { get; init; } = [];

    public bool IsBeingCleared => ClearingFence is not null;

    public bool IsLive => State is RuleState.Applying or RuleState.InForce or RuleState.Lifting;

    /// <summary>Whether the rule was in force, is so no longer, and nothing has been sent to put it back.</summary>
    public bool IsLost => this is { State: RuleState.Applying, MaybeSent: false, AppliedAt: not null };

    public bool GoesOnByItself => GiveUpAt is not null;

    /// <summary>
    /// Whether the rule is in force for a pause or a schedule alone. One whose device goes on under another MAC is for nothing any more: it waits to be
    /// lifted.
    /// </summary>
    public bool IsForOthersAlone => this is { State: RuleState.InForce, HeldManually: false, ReplacedBy: null };

    /// <summary>Whether a user lets the device through, and the server goes on by itself: what held the device before holds it no longer.</summary>
    public bool IsLetGo =>
        State == RuleState.Lifting
        && LetThroughAt is not null
        && (GoesOnByItself || !MaybeSent || Code is not (null or RuleCodes.Unconfirmed) || Attempts > 0);

    /// <summary>Since when nothing keeps the rule; null while something does. The last hold to end keeps it.</summary>
    public DateTimeOffset? UnkeptSince(DateTimeOffset now) => KeptUntil <= now ? KeptUntil : null;

    public bool IsKept(DateTimeOffset now) => UnkeptSince(now) is null;

    public bool IsHeldManually(DateTimeOffset now) => HeldManually && !(ExpiresAt <= now);

    /// <summary>Whether the server tries again by itself what failed. What a pause or a schedule holds, it tries for as long as that lasts.</summary>
    public bool IsTriedAgain(DateTimeOffset now) => IsKept(now) && (GiveUpAt > now || HeldUntil > now);

    /// <summary>When the last hold ends, or has ended. The same is <see cref="RuleStates.KeptUntilSql"/>.</summary>
    public DateTimeOffset? KeptUntil
    {
        get
        {
            var manually = HeldManually ? ExpiresAt ?? DateTimeOffset.MaxValue : HeldUntil;
            return HeldUntil > manually ? HeldUntil : manually;
        }
    }
}

internal sealed class BlockRow : Rule
{
    public BlockRow() => Kind = RuleKind.Block;
}

internal sealed class LimitedRow : Rule
{
    public LimitedRow() => Kind = RuleKind.Limited;
}

internal sealed class ExemptRow : Rule
{
    public ExemptRow() => Kind = RuleKind.Exempt;
}
