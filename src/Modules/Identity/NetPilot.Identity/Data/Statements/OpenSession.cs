// Dependent steps in one transaction and one round trip: what follows a login happens only if the account has not changed since the check.

namespace NetPilot.Identity.Data.Statements;

/// <summary>The first result has the user if the session was opened; the last one has the sessions that ended for it.</summary>
internal static class OpenSession
{
    // Whoever changes the password, or disables or deletes the account, writes the user's row before ending its sessions. So does this
    // statement. Either it comes first, and its session is among those that end, or it finds the row changed and opens nothing.
    private const string Open = """
        WITH owner AS (
            UPDATE identity.users SET last_login_at = $3, password_hash = coalesce($4::text, password_hash)
            WHERE id = $1 AND password_version = $2 AND disabled_at IS NULL AND deleted_at IS NULL
            RETURNING id, email, full_name, tier, role, created_at
        ), session AS (
            INSERT INTO identity.sessions (
                id, commands_session_id, commands_state, commands_router_id, start_until,
                user_id, created_at, last_used_at, expires_at, user_agent, ip_address
            )
            SELECT $5, $6, $7, $8::text, $9::timestamptz, id, $3, $3, $10, $11::text, $12::inet FROM owner
            RETURNING id
        ), token AS (
            INSERT INTO identity.refresh_tokens (token_hash, session_id, created_at) SELECT $13, id, $3 FROM session
        )
        SELECT id, email, full_name, tier, role, created_at FROM owner
        """;

    private const string RememberNetwork = """
        INSERT INTO identity.known_networks (user_id, network, last_login_at)
        SELECT user_id, $2, created_at FROM identity.sessions WHERE id = $1
        ON CONFLICT (user_id, network) DO UPDATE SET last_login_at = excluded.last_login_at
        """;

    public static void AddTo(NpgsqlBatch batch, VerifiedLogin login, Session session, byte[] refreshTokenHash, EndTerms terms, int mostLive)
    {
        batch.With(
            Open,
            login.UserId,
            login.PasswordVersion,
            session.CreatedAt,
            login.NewHash,
            session.Id,
            session.CommandsSessionId,
            SnakeCase.Of(session.CommandsState),
            session.CommandsRouterId,
            session.StartUntil,
            session.ExpiresAt,
            session.UserAgent,
            session.IpAddress,
            refreshTokenHash
        );
        TakeBackAttempt.IfOpened(batch, login.Attempt.Id, session.Id);
        batch.With(RememberNetwork, session.Id, login.Attempt.Network);
        EndSessions.Surplus(batch, terms, login.UserId, session.Id, mostLive);
    }
}
