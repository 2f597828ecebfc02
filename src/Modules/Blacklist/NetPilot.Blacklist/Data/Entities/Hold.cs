namespace NetPilot.Blacklist.Data.Entities;

/// <summary>
/// That a pause or a schedule wants a device blocked. It keeps the rule for as long as that lives. The hold of a rule that a user lifted stays as
/// the note that the device was let through.
/// </summary>
internal sealed class Hold
{
    public Guid Id { get; init; }
    public Guid UserId { get; init; }
    public required string RouterId { get; init; }

    /// <summary>The device, by its id in Devices.</summary>
    public Guid DeviceId { get; init; }

    public HoldKind Kind { get; init; }

    /// <summary>The person that is paused, or the schedule.</summary>
    public Guid SourceId { get; init; }

    /// <summary>The person whose pause or schedule it is; null for a schedule of a device.</summary>
    public Guid? PersonId { get; init; }

    /// <summary>When the pause, or the schedule's present window, began.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When it ends by itself; null if it does not.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Who asked for it; null for the server.</summary>
    public Guid? CreatedBy { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The rule that it keeps, or kept.</summary>
    public Guid RuleId { get; init; }

    public BlockRow Rule { get; init; } = null!;

    public HoldSource Source => new(Kind, SourceId, PersonId);
}
