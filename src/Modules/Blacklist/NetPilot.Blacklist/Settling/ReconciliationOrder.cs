namespace NetPilot.Blacklist.Settling;

/// <summary>What a comparison is for.</summary>
/// <param name="Asked">The activity that the question is recorded as.</param>
/// <param name="Claimed">Rows that are due because the worker claimed them.</param>
/// <param name="Patience">How long to send commands before the rest is left to another turn; looking at the router does not count.</param>
/// <param name="Eager">Whether rows that wait for their next attempt are tried now.</param>
/// <param name="Seen">Where devices are, if that was asked a moment ago.</param>
internal sealed record ReconciliationOrder(
    RuleKind Kind,
    RouterActivityKind Asked,
    IReadOnlyCollection<Guid> Claimed,
    TimeSpan Patience,
    bool Eager = false,
    Sightings? Seen = null
)
{
    /// <inheritdoc cref="ReconciliationTerms.FirstFence"/>
    public long FirstFence { get; init; } = long.MaxValue;

    /// <summary>Rows that an earlier turn of this comparison found to be in force no more.</summary>
    public IReadOnlyCollection<Guid> Lost { get; init; } = [];

    /// <summary>Whether the row is one that the worker claimed, or of a lost rule, and this comparison has not tried it in an earlier turn.</summary>
    public bool Claims(Rule row) => row.Fence < FirstFence && (Claimed.Contains(row.Id) || Lost.Contains(row.Id));

    /// <summary>Whether it is about all that the router holds, and not about rows that are due.</summary>
    public bool IsOfRouter => Asked is RouterActivityKind.Sync or RouterActivityKind.Drift;

    /// <summary>How long a repair keeps the router's other commands waiting at a time.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(2);
}

/// <summary>What a comparison of rows and router came to.</summary>
internal sealed class ReconciliationReport(DateTimeOffset checkedAt)
{
    public DateTimeOffset CheckedAt => checkedAt;

    public List<IPAddress> Reapplied { get; } = [];

    public List<IPAddress> Lifted { get; } = [];

    public List<BlockedRule> Unmanaged { get; } = [];

    /// <summary>Entries of the router's list that name no device.</summary>
    public IReadOnlyList<UnreadableRule> Unreadable { get; set; } = [];

    /// <summary>Rows that had been in force and were put back, and whose answer named no device.</summary>
    public HashSet<Guid> Unproven { get; } = [];

    /// <summary>How many commands the plan still had when the time of this turn was over.</summary>
    public int Remaining { get; set; }

    /// <summary>The rows that were in force until this turn showed that the router lacks their rules.</summary>
    public List<Guid> Lost { get; } = [];

    /// <summary>Where devices are, if a scan was needed.</summary>
    public Sightings? Seen { get; set; }

    /// <summary>Whether the router's list was read, so that commands may have been sent, whatever else failed.</summary>
    public bool WasListed { get; set; }

    /// <summary>Why the router could not be asked; null if it was.</summary>
    public CommandsFailure? Failure { get; set; }
}
