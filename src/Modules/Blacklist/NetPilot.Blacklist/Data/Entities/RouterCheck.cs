namespace NetPilot.Blacklist.Data.Entities;

/// <summary>When a router's rules are next compared with the rows.</summary>
internal sealed class RouterCheck
{
    public required string RouterId { get; init; }
    public Guid UserId { get; init; }
    public DateTimeOffset NextCheckAt { get; init; }
}
