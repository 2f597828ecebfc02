using NetPilot.Routers.Contracts;

namespace NetPilot.Routers.Data;

/// <summary>One command that was sent to a router, as the activity list shows it.</summary>
internal sealed class RecordedCommand
{
    private RecordedCommand() { }

    public Guid Id { get; private set; }

    /// <summary>Who asked for it; null for the server's own maintenance.</summary>
    public Guid? UserId { get; private set; }

    /// <summary>Whose router it was, so that its next owner does not see what the last one did.</summary>
    public Guid OwnerId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public RouterActivityKind Kind { get; private set; }

    public string? Target { get; private set; }

    public RouterActivityOutcome Outcome { get; private set; }

    public string? Code { get; private set; }

    public DateTimeOffset StartedAt { get; private set; }

    public int DurationMs { get; private set; }
}
