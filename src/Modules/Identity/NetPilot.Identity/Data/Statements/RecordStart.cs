// Dependent steps: the update returns whether the session is still live, and a start after the end makes another end due. What was noted of another
// start, which may still take effect, stays.

namespace NetPilot.Identity.Data.Statements;

internal static class RecordStart
{
    public static IQueryable<Session> From(
        IdentityDbContext db,
        Guid commandsSessionId,
        string? routerId,
        SessionStartNote note,
        DateTimeOffset leasedUntil
    ) =>
        db.Sessions.FromSql(
            $"""
            UPDATE identity.sessions SET
                commands_state = CASE WHEN ended_at IS NULL THEN 'ready' ELSE 'ending' END,
                commands_router_id = coalesce({routerId}::text, commands_router_id),
                start_until = NULLIF(start_until, {note.AloneUntil}::timestamptz),
                end_due_at = CASE WHEN ended_at IS NULL THEN NULL ELSE {leasedUntil}::timestamptz END
            WHERE commands_session_id = {commandsSessionId}
            RETURNING *
            """
        );
}
