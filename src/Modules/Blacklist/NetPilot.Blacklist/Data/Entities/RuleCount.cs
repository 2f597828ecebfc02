namespace NetPilot.Blacklist.Data.Entities;

/// <summary>How many live rules of a kind a user has: the tier's limit is checked against it, at the same cost however many there are.</summary>
internal sealed class RuleCount
{
    public Guid UserId { get; init; }
    public required string Kind { get; init; }
    public int Live { get; init; }
}
