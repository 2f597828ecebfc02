using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Routers.Idempotency;

/// <summary>A request by its name: scoped to user, method and path.</summary>
internal sealed record IdempotencyKey(Guid UserId, string Method, string Path, string Key);

/// <summary>An answer, as it is kept and given again.</summary>
internal sealed record KeptAnswer(int Status, string? ContentType, string? Location, string? PreferenceApplied, byte[] Body);

internal enum KeyClaim
{
    /// <summary>The request is the first one of this name, and runs.</summary>
    First,

    /// <summary>The name was used for another body.</summary>
    Reused,

    /// <summary>The first one runs still.</summary>
    InFlight,

    /// <summary>The first one's answer is there.</summary>
    Answered,
}

internal sealed class IdempotencyStore(NpgsqlDataSource database, TimeProvider time) : IUserDependents
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    public int Order => 30;

    public async Task<(KeyClaim Claim, KeptAnswer? Answer)> ClaimAsync(
        IdempotencyKey key,
        byte[] bodyHash,
        DateTimeOffset lockedUntil,
        CancellationToken cancellationToken
    )
    {
        var now = time.UtcNow();
        await using var command = database.Command(
            """
            WITH claimed AS (
                INSERT INTO routers.idempotency_keys AS kept (user_id, method, path, key, body_hash, created_at, locked_until)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (user_id, method, path, key) DO UPDATE
                SET body_hash = $5, created_at = $6, locked_until = $7, status = NULL, content_type = NULL, location = NULL,
                    preference_applied = NULL, body = NULL
                WHERE kept.created_at <= $8 OR (kept.status IS NULL AND kept.locked_until <= $6)
                RETURNING 1
            )
            SELECT true, NULL::bytea, NULL::integer, NULL::text, NULL::text, NULL::text, NULL::bytea FROM claimed
            UNION ALL
            SELECT false, body_hash, status, content_type, location, preference_applied, body FROM routers.idempotency_keys
            WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4 AND NOT EXISTS (SELECT 1 FROM claimed)
            """,
            key.UserId,
            key.Method,
            key.Path,
            key.Key,
            bodyHash,
            now,
            lockedUntil,
            now - KeptFor
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            // The first request came at the very same moment: its row was not there yet when this statement began.
            return (KeyClaim.InFlight, null);
        }

        if (reader.GetBoolean(0))
        {
            return (KeyClaim.First, null);
        }

        if (!reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(bodyHash))
        {
            return (KeyClaim.Reused, null);
        }

        return reader.IsDBNull(2)
            ? (KeyClaim.InFlight, null)
            : (
                KeyClaim.Answered,
                new KeptAnswer(
                    reader.GetInt32(2),
                    reader.Nullable<string>(3),
                    reader.Nullable<string>(4),
                    reader.Nullable<string>(5),
                    reader.GetFieldValue<byte[]>(6)
                )
            );
    }

    /// <summary>Keeps the answer of the request that holds the key, unless it took so long that another one holds it now.</summary>
    public async Task KeepAsync(IdempotencyKey key, DateTimeOffset lockedUntil, KeptAnswer answer, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            UPDATE routers.idempotency_keys
            SET status = $5, content_type = $6, location = $7, preference_applied = $8, body = $9
            WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4 AND status IS NULL AND locked_until = $10
            """,
            key.UserId,
            key.Method,
            key.Path,
            key.Key,
            answer.Status,
            answer.ContentType,
            answer.Location,
            answer.PreferenceApplied,
            answer.Body,
            lockedUntil
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task FreeAsync(IdempotencyKey key, DateTimeOffset lockedUntil, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            "DELETE FROM routers.idempotency_keys WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4 AND status IS NULL AND locked_until = $5",
            key.UserId,
            key.Method,
            key.Path,
            key.Key,
            lockedUntil
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Removes keys that are no longer kept. True when there may be more.</summary>
    public async Task<bool> PurgeAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            DELETE FROM routers.idempotency_keys WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM routers.idempotency_keys WHERE created_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
            """,
            time.UtcNow() - KeptFor,
            limit
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == limit;
    }

    public async Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var command = database.Command("DELETE FROM routers.idempotency_keys WHERE user_id = $1", userId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
