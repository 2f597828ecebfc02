// An upsert: replicas that insert it at the same time agree on one.
namespace NetPilot.Identity.Data.Statements;

internal static class MakeMaintenanceSession
{
    public static FormattableString Of(Guid id, Guid commandsSessionId, DateTimeOffset now, DateTimeOffset expiresAt) =>
        $"""
            INSERT INTO identity.sessions (id, commands_session_id, commands_state, created_at, last_used_at, expires_at)
            VALUES ({id}, {commandsSessionId}, 'none', {now}, {now}, {expiresAt})
            ON CONFLICT DO NOTHING
            """;
}
