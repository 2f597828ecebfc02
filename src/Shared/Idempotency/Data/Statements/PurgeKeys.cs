// SKIP LOCKED: replicas purge side by side, and none waits for a request that is keeping its answer.
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Idempotency.Data.Statements;

internal static class PurgeKeys
{
    public static async Task<int> ExecuteAsync(
        NpgsqlDataSource database,
        string table,
        DateTimeOffset keptSince,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {table} WHERE created_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
            """,
            keptSince,
            limit
        );
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
