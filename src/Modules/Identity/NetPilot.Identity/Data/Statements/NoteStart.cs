// Dependent steps: the row is locked before it is read, so that of two starts at once one sees the other one's note.

namespace NetPilot.Identity.Data.Statements;

internal static class NoteStart
{
    private const string Note = """
        WITH live AS (
            SELECT id, start_until FROM identity.sessions
            WHERE commands_session_id = $1 AND ended_at IS NULL AND expires_at > $3
            FOR NO KEY UPDATE
        )
        UPDATE identity.sessions AS session SET
            start_until = GREATEST(session.start_until, $4),
            commands_router_id = coalesce($2::text, session.commands_router_id)
        FROM live WHERE session.id = live.id
        RETURNING live.start_until IS NULL OR live.start_until <= $3
        """;

    /// <summary>Notes that a live session may be known to the Commands-Server from now on. Null: it is not live.</summary>
    public static async Task<SessionStartNote?> RunAsync(
        NpgsqlDataSource database,
        Guid commandsSessionId,
        string? routerId,
        DateTimeOffset now,
        DateTimeOffset until,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(Note, commandsSessionId, routerId, now, until);
        return await command.ExecuteScalarAsync(cancellationToken) is bool isAlone ? new SessionStartNote(isAlone ? until : null) : null;
    }
}
