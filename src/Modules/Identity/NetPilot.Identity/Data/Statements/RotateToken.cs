// Row locks and dependent steps: refreshes of one session, and its end, happen one after the other.

namespace NetPilot.Identity.Data.Statements;

/// <summary>A refresh token of a live session, with the session and its user.</summary>
internal sealed record FoundToken(
    DateTimeOffset? ReplacedAt,
    byte[]? SealedSuccessor,
    byte[]? PredecessorHash,
    LiveCommandsSession Commands,
    SessionResponse Session,
    UserResponse User
);

internal static class RotateToken
{
    private const string Find = """
        SELECT owner.id, owner.email, owner.full_name, owner.tier, owner.role, owner.created_at,
               token.replaced_at, token.sealed_successor, token.predecessor_hash,
               session.commands_session_id, session.commands_state, session.commands_router_id, session.id,
               session.created_at, session.last_used_at, session.expires_at, session.user_agent, session.ip_address
        FROM identity.refresh_tokens token
        JOIN identity.sessions session ON session.id = token.session_id
        JOIN identity.users owner ON owner.id = session.user_id
        WHERE token.token_hash = $1 AND session.ended_at IS NULL AND session.expires_at > $2
          AND owner.disabled_at IS NULL AND owner.deleted_at IS NULL
        FOR NO KEY UPDATE OF session, token
        """;

    /// <summary>Finds the token and locks it and its session until the end of the transaction.</summary>
    public static async Task<FoundToken?> FindAsync(
        NpgsqlConnection connection,
        byte[] tokenHash,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var batch = connection.CreateBatch().With(Find, tokenHash, now);
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return null;
        }

        var state = SnakeCase.Parse<CommandsState>(row.GetString(10));
        return new FoundToken(
            row.Nullable<DateTimeOffset?>(6),
            row.Nullable<byte[]>(7),
            row.Nullable<byte[]>(8),
            new LiveCommandsSession(row.GetGuid(9), state, row.Nullable<string>(11)),
            new SessionResponse(
                row.GetGuid(12),
                row.GetFieldValue<DateTimeOffset>(13),
                row.GetFieldValue<DateTimeOffset>(14),
                row.GetFieldValue<DateTimeOffset>(15),
                row.Nullable<string>(16),
                row.Nullable<IPAddress>(17)?.ToString(),
                Current: true,
                SessionResponse.Of(state)
            ),
            UserResponse.Read(row)
        );
    }

    /// <summary>Spends the token for its successor, and prolongs the session.</summary>
    public static NpgsqlBatch Replace(
        NpgsqlBatch batch,
        FoundToken found,
        byte[] tokenHash,
        byte[] sealedSuccessor,
        byte[] successorHash,
        DateTimeOffset now,
        DateTimeOffset expiresAt
    ) =>
        batch
            .With(
                "UPDATE identity.refresh_tokens SET replaced_at = $2, sealed_successor = $3 WHERE token_hash = $1",
                tokenHash,
                now,
                sealedSuccessor
            )
            .With(
                "INSERT INTO identity.refresh_tokens (token_hash, session_id, created_at, predecessor_hash) VALUES ($1, $2, $3, $4)",
                successorHash,
                found.Session.Id,
                now,
                tokenHash
            )
            // This token is used now, so its predecessor must no longer bring it.
            .With("UPDATE identity.refresh_tokens SET sealed_successor = NULL WHERE token_hash = $1::bytea", found.PredecessorHash)
            .With("UPDATE identity.sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1", found.Session.Id, now, expiresAt);
}
