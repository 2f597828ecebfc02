// A hot path (benchmark handwritten): each request runs it, in one batch with the statements of other modules, and EF Core sends no such batch.

namespace NetPilot.Identity.Data.Statements;

/// <summary>A live session and its user.</summary>
internal sealed record LiveSession(Caller Caller, UserResponse User, bool IsEnabled, bool IsNoteDue);

internal static class ReadSession
{
    public static void AddTo(NpgsqlBatch batch, TokenIds ids, DateTimeOffset now, DateTimeOffset usedBefore) =>
        batch.With(
            """
            SELECT owner.id, owner.email, owner.full_name, owner.tier, owner.role, owner.created_at,
                session.commands_session_id, owner.disabled_at IS NULL, session.last_used_at <= $4
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

    public static async Task<LiveSession?> ReadAsync(NpgsqlDataReader row, TokenIds ids, CancellationToken cancellationToken)
    {
        if (!await row.ReadAsync(cancellationToken))
        {
            return null;
        }

        var user = UserResponse.Read(row);
        return new LiveSession(
            new Caller(ids.UserId, ids.SessionId, row.GetGuid(6), user.Tier, user.Role),
            user,
            row.GetBoolean(7),
            row.GetBoolean(8)
        );
    }
}
