// A hot path (benchmark handwritten): each request runs it, in one batch with the statements of other modules, and EF Core sends no such batch.
using NetPilot.Identity.Tokens;

namespace NetPilot.Identity.Data.Statements;

/// <summary>A live session and its user.</summary>
internal sealed record LiveSession(Caller Caller, bool IsEnabled, bool IsNoteDue);

internal static class ReadSession
{
    public static void AddTo(NpgsqlBatch batch, TokenIds ids, DateTimeOffset now, DateTimeOffset usedBefore) =>
        batch.With(
            """
            SELECT session.commands_session_id, owner.tier, owner.role, owner.disabled_at IS NULL, session.last_used_at <= $4
            FROM identity.sessions session
            JOIN identity.users owner ON owner.id = session.user_id
            WHERE session.id = $1 AND session.user_id = $2 AND session.ended_at IS NULL AND session.expires_at > $3
              AND owner.deleted_at IS NULL
            """,
            ids.SessionId,
            ids.UserId,
            now,
            usedBefore
        );

    public static async Task<LiveSession?> ReadAsync(NpgsqlDataReader row, TokenIds ids, CancellationToken cancellationToken) =>
        await row.ReadAsync(cancellationToken)
            ? new LiveSession(
                new Caller(
                    ids.UserId,
                    ids.SessionId,
                    row.GetGuid(0),
                    SnakeCase.Parse<UserTier>(row.GetString(1)),
                    SnakeCase.Parse<UserRole>(row.GetString(2))
                ),
                row.GetBoolean(3),
                row.GetBoolean(4)
            )
            : null;
}
