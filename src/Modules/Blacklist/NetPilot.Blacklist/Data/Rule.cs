using System.Net;
using System.Net.NetworkInformation;

namespace NetPilot.Blacklist.Data;

/// <summary>Something that a user wants the router to hold: a block, or an entry of one of the two lists. The row says how far that got.</summary>
internal class Rule
{
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

    /// <summary>Attempts that failed, and repeats since the router was last seen to hold the rule.</summary>
    public int Attempts { get; init; }

    /// <summary>The turn of a reset that was sent and may have removed the rule: a rule that is absent then is gone for good.</summary>
    public long? ClearingFence { get; init; }

    public bool IsBeingCleared => ClearingFence is not null;

    public bool IsLive => State is RuleState.Applying or RuleState.Blocked or RuleState.Lifting;

    public bool GoesOnByItself => GiveUpAt is not null;

    public bool HasExpired(DateTimeOffset now) => ExpiresAt <= now;
}

/// <summary>Where a rule is in its life. <c>Blocked</c> is said of list entries too: it means that the router holds it.</summary>
internal enum RuleState
{
    /// <summary>Wanted; the router may or may not hold it.</summary>
    Applying,

    /// <summary>The Commands-Server acknowledged it.</summary>
    Blocked,

    /// <summary>No longer wanted; the router may or may not hold it.</summary>
    Lifting,

    /// <summary>The router does not hold it any more.</summary>
    Lifted,

    /// <summary>It is not in force: it never was, or the router lost it and did not take it back.</summary>
    Failed,
}

internal sealed class BlockRow : Rule;

internal sealed class LimitedDeviceRow : Rule;

internal sealed class WhitelistRow : Rule;

/// <summary>How many live rules of a kind a user has: the tier's limit is checked against it, at the same cost however many there are.</summary>
internal sealed class RuleCount
{
    public Guid UserId { get; init; }

    public required string Kind { get; init; }

    public int Live { get; init; }
}

/// <summary>When a router's rules are next compared with the rows.</summary>
internal sealed class RouterCheck
{
    public required string RouterId { get; init; }

    public Guid UserId { get; init; }

    public DateTimeOffset NextCheckAt { get; init; }
}
