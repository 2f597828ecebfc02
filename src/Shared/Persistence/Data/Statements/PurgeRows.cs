// SKIP LOCKED: replicas purge side by side, some rows at a time, and none waits for a writer.

namespace NetPilot.Persistence.Data.Statements;

public static class PurgeRows
{
    /// <summary>
    /// Removes rows whose time is past, and for which the condition holds, the oldest first, so many at most. True when there may be more. By their
    /// order PostgreSQL reads them from an index, also where it does not know how many there are.
    /// </summary>
    public static async Task<bool> ExecuteAsync(
        NpgsqlDataSource database,
        string table,
        string column,
        DateTimeOffset before,
        int limit,
        CancellationToken cancellationToken,
        string condition = "true"
    )
    {
        await using var command = database.Command(
            $"""
            DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {table} WHERE {column} < $1 AND {condition} ORDER BY {column} LIMIT $2 FOR UPDATE SKIP LOCKED))
            """,
            before,
            limit
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == limit;
    }
}
