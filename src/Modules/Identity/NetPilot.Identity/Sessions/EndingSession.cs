using System.Data.Common;

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
    /// <summary>The columns of a session, as <see cref="Read"/> reads them.</summary>
    public const string Columns = "id, commands_session_id, commands_router_id, end_due_at, end_attempts, ended_at";

    public static EndingSession Of(Session session) =>
        new(
            session.Id,
            session.CommandsSessionId,
            session.CommandsRouterId,
            session.EndDueAt!.Value,
            session.EndAttempts,
            session.EndedAt!.Value
        );

    /// <param name="first">The place of the first of the columns.</param>
    public static EndingSession Read(DbDataReader row, int first = 0) =>
        new(
            row.GetGuid(first),
            row.GetGuid(first + 1),
            row.Nullable<string>(first + 2),
            row.GetFieldValue<DateTimeOffset>(first + 3),
            row.GetInt32(first + 4),
            row.GetFieldValue<DateTimeOffset>(first + 5)
        );

    /// <summary>Names the public id alone.</summary>
    public override string ToString() => $"session {Id}";
}
