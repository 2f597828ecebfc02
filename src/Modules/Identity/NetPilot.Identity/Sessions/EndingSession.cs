namespace NetPilot.Identity.Sessions;

/// <summary>A session that ended here and has to end on the Commands-Server. Its delivery is leased to the holder of this record.</summary>
internal sealed record EndingSession(
    Guid Id,
    Guid CommandsSessionId,
    string? RouterId,
    DateTimeOffset LeasedUntil,
    int Attempts,
    DateTimeOffset EndedAt
)
{
    public static EndingSession Of(Session session) =>
        new(
            session.Id,
            session.CommandsSessionId,
            session.CommandsRouterId,
            session.EndDueAt!.Value,
            session.EndAttempts,
            session.EndedAt!.Value
        );

    /// <summary>Names the public id alone.</summary>
    public override string ToString() => $"session {Id}";
}
