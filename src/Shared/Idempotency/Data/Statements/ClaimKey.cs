// A lease: one statement gives the key to one of many requests that name it at once, or says what the first one answered.

namespace NetPilot.Idempotency.Data.Statements;

internal static class ClaimKey
{
    // More than a home's batches leave in a day, and little beside a disk.
    private const int MostBytes = 64 * 1024 * 1024;

    /// <param name="isLarge">Whether the answer can be large: it is kept only while the user's answers leave room for it.</param>
    public static async Task<(KeyClaim Claim, KeptAnswer? Answer)> ExecuteAsync(
        NpgsqlDataSource database,
        string table,
        RequestName request,
        byte[] bodyHash,
        DateTimeOffset now,
        DateTimeOffset lockedUntil,
        DateTimeOffset keptSince,
        bool isLarge,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            WITH full_up AS MATERIALIZED (
                SELECT 1 WHERE $10 AND $11 <= (SELECT sum(octet_length(body)) FROM {table} WHERE user_id = $1)
            ), claimed AS (
                INSERT INTO {table} AS kept (user_id, method, path, key, body_hash, created_at, locked_until)
                SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM full_up)
                ON CONFLICT (user_id, method, path, key) DO UPDATE
                SET body_hash = $5, created_at = $6, locked_until = $7, status = NULL, content_type = NULL, location = NULL,
                    preference_applied = NULL, body = NULL
                WHERE kept.created_at <= $8 OR (kept.status IS NULL AND kept.locked_until NOT BETWEEN $6 AND $9)
                RETURNING 1
            )
            SELECT true, NULL::bytea, NULL::integer, NULL::text, NULL::text, NULL::text, NULL::bytea FROM claimed
            UNION ALL
            SELECT false, body_hash, status, content_type, location, preference_applied, body FROM {table}
            WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4 AND NOT EXISTS (SELECT 1 FROM claimed)
              AND NOT (created_at <= $8 OR (status IS NULL AND locked_until NOT BETWEEN $6 AND $9))
            UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM full_up
            """,
            request.UserId,
            request.Method,
            request.Path,
            request.Key,
            bodyHash,
            now,
            lockedUntil,
            keptSince,
            lockedUntil + Clock.Slack,
            isLarge,
            (long)MostBytes
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            // The first request came at the very same moment: its row was not there yet when this statement began.
            return (KeyClaim.InFlight, null);
        }

        if (row.IsDBNull(0))
        {
            return (KeyClaim.NoRoom, null);
        }

        if (row.GetBoolean(0))
        {
            return (KeyClaim.First, null);
        }

        if (!row.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(bodyHash))
        {
            return (KeyClaim.Reused, null);
        }

        return row.IsDBNull(2) ? (KeyClaim.InFlight, null) : (KeyClaim.Answered, Read(row));
    }

    private static KeptAnswer Read(NpgsqlDataReader row) =>
        new(row.GetInt32(2), row.Nullable<string>(3), row.Nullable<string>(4), row.Nullable<string>(5), row.GetFieldValue<byte[]>(6));
}
