using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Opens a session for a user whose password was verified.</summary>
internal sealed class SessionOpening(
    NpgsqlDataSource database,
    SessionStarts starts,
    SessionEndings endings,
    AccessTokens accessTokens,
    IOptions<AuthOptions> options,
    TimeProvider time
)
{
    private const int MaxLive = 50;

    // Whoever changes the password, disables or deletes the account writes the user's row before ending its sessions. So does this: it
    // either comes first, and its session is among those that end, or it finds the row changed and opens nothing.
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
        SELECT email, full_name, tier, role, created_at FROM owner
        """;

    /// <summary>The new session's tokens; null if the account changed since its password was verified.</summary>
    public async Task<TokensView?> OpenAsync(VerifiedLogin login, HttpContext context, CancellationToken cancellationToken)
    {
        var start = await starts.PlanAsync(login.UserId, cancellationToken);
        var now = time.UtcNow();
        var id = time.NewId();
        var refresh = Secret.Make();
        var expires = now + Shorter(options.Value.RefreshTokenLifetime, options.Value.SessionLifetime);
        var (userAgent, address) = (ClientOf.UserAgent(context), ClientOf.Address(context));
        var state = start.Until is null ? CommandsState.None : CommandsState.Starting;

        await using var batch = database.CreateBatch();
        batch.With(
            Open,
            [
                login.UserId,
                login.PasswordVersion,
                now,
                login.NewHash,
                id,
                start.CommandsSessionId,
                SnakeCase.Of(state),
                start.RouterId,
                start.Until,
                expires,
                userAgent,
                address,
                refresh.Hash(),
            ]
        );
        login.Attempt.TakeBack(batch, "EXISTS (SELECT FROM identity.sessions WHERE id = $2)", id);
        batch.With(
            """
            INSERT INTO identity.known_networks (user_id, network, last_login_at)
            SELECT user_id, $2, created_at FROM identity.sessions WHERE id = $1
            ON CONFLICT (user_id, network) DO UPDATE SET last_login_at = excluded.last_login_at
            """,
            id,
            login.Attempt.Network
        );
        endings.End(
            batch,
            SessionEndReason.TooMany,
            $"""
            id IN (
                SELECT id FROM identity.sessions WHERE user_id = $4 AND ended_at IS NULL AND expires_at > $1
                ORDER BY id = $5 DESC, last_used_at DESC, id DESC OFFSET {MaxLive}
            )
            """,
            login.UserId,
            id
        );

        UserView user;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            user = ReadUser(login.UserId, reader);
            await reader.NextResultAsync(cancellationToken);
            var surplus = await SessionEndings.ReadAsync(reader, cancellationToken);
            await reader.CloseAsync();
            endings.Deliver(surplus);
        }

        state = await starts.BeginAsync(start);
        var session = new SessionView(id, now, now, expires, userAgent, address?.ToString(), Current: true, SessionView.Of(state));
        return TokensView.Of(accessTokens.Mint(user.Id, id, expires, now), refresh, session, user);
    }

    private static UserView ReadUser(Guid id, NpgsqlDataReader row) =>
        new(
            id,
            row.GetString(0),
            row.Nullable<string>(1),
            SnakeCase.Parse<UserTier>(row.GetString(2)),
            SnakeCase.Parse<UserRole>(row.GetString(3)),
            row.GetFieldValue<DateTimeOffset>(4)
        );

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>A login whose password was right.</summary>
/// <param name="UserId">The user.</param>
/// <param name="PasswordVersion">Which of the account's passwords it was.</param>
/// <param name="NewHash">A stronger hash to store in its place; null to leave it.</param>
/// <param name="Attempt">The attempt, to be taken back.</param>
internal sealed record VerifiedLogin(Guid UserId, int PasswordVersion, string? NewHash, CountedAttempt Attempt)
{
    /// <summary>Names the user alone.</summary>
    public override string ToString() => $"user {UserId}";
}
