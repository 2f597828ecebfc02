// Due times are PostgreSQL's clock's, so that replicas agree on them. EF Core knows the time of the transaction's begin alone.

namespace NetPilot.Routers.Data.Statements;

internal static class PostponeReset
{
    /// <summary>An attempt failed. A row that was renewed meanwhile belongs to a later owner, and stays.</summary>
    public static async Task AfterAttemptAsync(
        NpgsqlDataSource database,
        string routerId,
        DateTimeOffset requestedAt,
        TimeSpan wait,
        string? refusedCode
    )
    {
        await using var command = database.Command(
            """
            UPDATE routers.pending_resets
            SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $3, leased_until = NULL,
                refusals = refusals + ($4::text IS NOT NULL)::int, refused_code = COALESCE($4, refused_code)
            WHERE router_id = $1 AND requested_at = $2
            """,
            routerId,
            requestedAt,
            wait,
            refusedCode
        );
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>No attempt was made: somebody else had the router's turn.</summary>
    public static async Task PutBackAsync(NpgsqlDataSource database, string routerId, TimeSpan wait)
    {
        await using var command = database.Command(
            """
            UPDATE routers.pending_resets SET next_attempt_at = clock_timestamp() + $2, leased_until = NULL
            WHERE router_id = $1 AND leased_until IS NOT NULL
            """,
            routerId,
            wait
        );
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
