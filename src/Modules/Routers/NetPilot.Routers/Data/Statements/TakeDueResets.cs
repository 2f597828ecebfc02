// A claim of work with SKIP LOCKED: each due reset is in one replica's hand at a time, under a lease.

namespace NetPilot.Routers.Data.Statements;

internal static class TakeDueResets
{
    public static async Task<IReadOnlyList<string>> ExecuteAsync(
        NpgsqlDataSource database,
        TimeSpan lease,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            """
            UPDATE routers.pending_resets SET leased_until = clock_timestamp() + $1
            WHERE router_id IN (
                SELECT router_id FROM routers.pending_resets
                WHERE next_attempt_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                ORDER BY next_attempt_at LIMIT $2
                FOR UPDATE SKIP LOCKED)
            RETURNING router_id
            """,
            lease,
            limit
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAllAsync(due => due.GetString(0), cancellationToken);
    }
}
