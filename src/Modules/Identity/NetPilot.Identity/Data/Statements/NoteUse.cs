// SKIP LOCKED: where another request is writing the session's last use, this one does not wait.
namespace NetPilot.Identity.Data.Statements;

internal static class NoteUse
{
    public static NpgsqlCommand Of(NpgsqlDataSource database, Guid sessionId, DateTimeOffset now, DateTimeOffset usedBefore) =>
        database.Command(
            """
            UPDATE identity.sessions SET last_used_at = $2
            WHERE id = (
                SELECT id FROM identity.sessions
                WHERE id = $1 AND last_used_at <= $3 AND ended_at IS NULL AND expires_at > $2
                FOR NO KEY UPDATE SKIP LOCKED
            )
            """,
            sessionId,
            now,
            usedBefore
        );
}
