using Microsoft.Extensions.Options;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Tokens;

/// <summary>
/// Gives the next tokens for a refresh token, which is good for one time. Its holder may ask again within seconds (a lost answer, two tabs)
/// and gets the same successor, while nobody has used that; whoever comes with any other spent token holds a stolen one, or its owner does:
/// the session ends.
/// </summary>
internal sealed class TokenRotation(
    NpgsqlDataSource database,
    SessionEndings endings,
    SessionStarts starts,
    AccessTokens accessTokens,
    IOptions<AuthOptions> options,
    TimeProvider time
)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // Locks the session as well as the token: refreshes of one session, and its end, happen one after the other.
    private const string Find = """
        SELECT token.replaced_at, token.sealed_successor, token.predecessor_hash,
               session.id, session.commands_session_id, session.commands_state, session.commands_router_id,
               session.created_at, session.last_used_at, session.expires_at, session.user_agent, session.ip_address,
               owner.id, owner.email, owner.full_name, owner.tier, owner.role, owner.created_at
        FROM identity.refresh_tokens token
        JOIN identity.sessions session ON session.id = token.session_id
        JOIN identity.users owner ON owner.id = session.user_id
        WHERE token.token_hash = $1 AND session.ended_at IS NULL AND session.expires_at > $2
          AND owner.disabled_at IS NULL AND owner.deleted_at IS NULL
        FOR NO KEY UPDATE OF session, token
        """;

    /// <summary>The next tokens; null if the token is none that brings any.</summary>
    public async Task<TokensView?> RotateAsync(Secret token, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await FindAsync(connection, token, now, cancellationToken) is not { } found)
        {
            return null;
        }

        if (found.ReplacedAt is null)
        {
            var next = Secret.Make();
            var expires = Earlier(found.CreatedAt + options.Value.SessionLifetime, now + options.Value.RefreshTokenLifetime);
            await ReplaceAsync(connection, found, token, next, expires, now, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            starts.KeepAlive(found.Commands);
            return found.Tokens(accessTokens, next, lastUsedAt: now, expires, now);
        }

        if (found.SealedSuccessor is { } successor && now - found.ReplacedAt <= Grace)
        {
            return found.Tokens(accessTokens, token.Unseal(successor), found.LastUsedAt, found.ExpiresAt, now);
        }

        await using var batch = connection.CreateBatch();
        endings.End(batch, SessionEndReason.TokenReuse, "id = $4", found.SessionId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var ended = await SessionEndings.ReadAsync(reader, cancellationToken);
        await reader.CloseAsync();
        await transaction.CommitAsync(cancellationToken);
        endings.Deliver(ended);
        return null;
    }

    private static async Task<FoundToken?> FindAsync(
        NpgsqlConnection connection,
        Secret token,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var command = new NpgsqlCommand(Find, connection)
        {
            Parameters =
            {
                new() { Value = token.Hash() },
                new() { Value = now },
            },
        };
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? FoundToken.Read(row) : null;
    }

    private static async Task ReplaceAsync(
        NpgsqlConnection connection,
        FoundToken found,
        Secret token,
        Secret next,
        DateTimeOffset expires,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var batch = connection.CreateBatch();
        batch
            .With(
                "UPDATE identity.refresh_tokens SET replaced_at = $2, sealed_successor = $3 WHERE token_hash = $1",
                token.Hash(),
                now,
                token.Seal(next)
            )
            .With(
                "INSERT INTO identity.refresh_tokens (token_hash, session_id, created_at, predecessor_hash) VALUES ($1, $2, $3, $4)",
                next.Hash(),
                found.SessionId,
                now,
                token.Hash()
            )
            // This token is used now, so its predecessor can bring it no more.
            .With("UPDATE identity.refresh_tokens SET sealed_successor = NULL WHERE token_hash = $1::bytea", found.PredecessorHash)
            .With("UPDATE identity.sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1", found.SessionId, now, expires);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private sealed record FoundToken(
        DateTimeOffset? ReplacedAt,
        byte[]? SealedSuccessor,
        byte[]? PredecessorHash,
        Guid SessionId,
        LiveCommandsSession Commands,
        DateTimeOffset CreatedAt,
        DateTimeOffset LastUsedAt,
        DateTimeOffset ExpiresAt,
        string? UserAgent,
        string? IpAddress,
        UserView User
    )
    {
        public static FoundToken Read(NpgsqlDataReader row) =>
            new(
                row.Nullable<DateTimeOffset?>(0),
                row.Nullable<byte[]>(1),
                row.Nullable<byte[]>(2),
                row.GetGuid(3),
                new LiveCommandsSession(row.GetGuid(4), SnakeCase.Parse<CommandsState>(row.GetString(5)), row.Nullable<string>(6)),
                row.GetFieldValue<DateTimeOffset>(7),
                row.GetFieldValue<DateTimeOffset>(8),
                row.GetFieldValue<DateTimeOffset>(9),
                row.Nullable<string>(10),
                row.Nullable<System.Net.IPAddress>(11)?.ToString(),
                new UserView(
                    row.GetGuid(12),
                    row.GetString(13),
                    row.Nullable<string>(14),
                    SnakeCase.Parse<UserTier>(row.GetString(15)),
                    SnakeCase.Parse<UserRole>(row.GetString(16)),
                    row.GetFieldValue<DateTimeOffset>(17)
                )
            );

        public TokensView Tokens(
            AccessTokens accessTokens,
            Secret refresh,
            DateTimeOffset lastUsedAt,
            DateTimeOffset expiresAt,
            DateTimeOffset now
        ) =>
            TokensView.Of(
                accessTokens.Mint(User.Id, SessionId, expiresAt, now),
                refresh,
                new SessionView(
                    SessionId,
                    CreatedAt,
                    lastUsedAt,
                    expiresAt,
                    UserAgent,
                    IpAddress,
                    Current: true,
                    SessionView.Of(Commands.State)
                ),
                User
            );
    }
}
