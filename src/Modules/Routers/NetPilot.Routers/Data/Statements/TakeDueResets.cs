// A claim of work with SKIP LOCKED: each due reset is in one replica's hand at a time, under a lease.

namespace NetPilot.Routers.Data.Statements;

internal static class TakeDueResets
{
    /// <remarks>
    /// An array is made once, where a subquery with a volatile function can run for each row. What lies farther ahead than any pause, or any lease, is from a clock that ran ahead. The longest
    /// pause is an hour.
    /// </remarks>
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
            WHERE router_id = ANY (ARRAY(
                SELECT router_id FROM routers.pending_resets
                WHERE next_attempt_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '2 hours'
                  AND (leased_until IS NULL OR leased_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + $1 + interval '1 hour')
                ORDER BY next_attempt_at LIMIT $2
                FOR UPDATE SKIP LOCKED))
            RETURNING router_id
            """,
            lease,
            limit
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAllAsync(due => due.GetString(0), cancellationToken);
    }
}
