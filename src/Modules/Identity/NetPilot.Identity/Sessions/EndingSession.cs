using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>A session that ended here and has to be ended on the Commands-Server, leased to whoever holds this until <see cref="LeasedUntil"/>.</summary>
internal sealed record EndingSession(
    Guid Id,
    Guid CommandsSessionId,
    string? RouterId,
    DateTimeOffset LeasedUntil,
    int Attempts,
    DateTimeOffset EndedAt
)
{
    /// <summary>What a statement must return for <see cref="Read"/>.</summary>
    public const string Columns = "id, commands_session_id, commands_router_id, end_due_at, end_attempts, ended_at";

    public static EndingSession Read(NpgsqlDataReader row, int from = 0) =>
        new(
            row.GetGuid(from),
            row.GetGuid(from + 1),
            row.Nullable<string>(from + 2),
            row.GetFieldValue<DateTimeOffset>(from + 3),
            row.GetInt32(from + 4),
            row.GetFieldValue<DateTimeOffset>(from + 5)
        );

    /// <summary>Names the public id alone.</summary>
    public override string ToString() => $"session {Id}";
}
