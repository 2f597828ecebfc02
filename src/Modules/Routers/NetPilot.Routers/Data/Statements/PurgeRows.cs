// SKIP LOCKED: replicas purge side by side, some rows at a time, and none waits for a writer.
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Routers.Data.Statements;

internal static class PurgeRows
{
    public static Task<int> OfActivityAsync(
        NpgsqlDataSource database,
        DateTimeOffset before,
        int limit,
        CancellationToken cancellationToken
    ) => ExecuteAsync(database, "router_commands", "started_at", before, limit, cancellationToken);

    public static Task<int> OfClaimRefusalsAsync(
        NpgsqlDataSource database,
        DateTimeOffset before,
        int limit,
        CancellationToken cancellationToken
    ) => ExecuteAsync(database, "claim_refusals", "last_refused_at", before, limit, cancellationToken);

    public static Task<int> OfTurnWaitersAsync(
        NpgsqlDataSource database,
        DateTimeOffset before,
        int limit,
        CancellationToken cancellationToken
    ) => ExecuteAsync(database, "router_turn_waiters", "seen_at", before, limit, cancellationToken);

    private static async Task<int> ExecuteAsync(
        NpgsqlDataSource database,
        string table,
        string column,
        DateTimeOffset before,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            DELETE FROM routers.{table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM routers.{table} WHERE {column} < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
            """,
            before,
            limit
        );
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
