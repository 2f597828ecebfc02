// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session. Who needs a fresh answer
// reads it by itself.

namespace NetPilot.Routers.Data.Statements;

internal static class ReadOwnedRouter
{
    private const string Text = """
        SELECT r.user_id, r.router_id, r.name, r.last_seen_at, COALESCE(t.fence, 0), r.time_zone, r.created_at
        FROM routers.user_routers AS r
        LEFT JOIN routers.router_turns AS t ON t.router_id = r.router_id
        WHERE r.router_id = $1 AND r.user_id = $2
        """;

    public static NpgsqlBatchCommand Command(Guid userId, string routerId) => Sql.Statement(Text, routerId, userId);

    /// <summary>The question whether the router is still this owner's: one row with the answer.</summary>
    public static NpgsqlBatchCommand IsStillOwned(OwnedRouter router) =>
        Sql.Statement(
            "SELECT EXISTS (SELECT FROM routers.user_routers WHERE router_id = $1 AND user_id = $2)",
            router.RouterId,
            router.UserId
        );

    public static async Task<OwnedRouter?> FindAsync(
        NpgsqlDataSource database,
        Guid userId,
        string routerId,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(Text, routerId, userId);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(row, cancellationToken);
    }

    public static async Task<OwnedRouter?> ReadAsync(DbDataReader row, CancellationToken cancellationToken) =>
        await row.ReadAsync(cancellationToken)
            ? new OwnedRouter(
                row.GetGuid(0),
                row.GetString(1),
                row.GetString(2),
                row.Nullable<DateTimeOffset?>(3),
                row.GetInt64(4),
                row.GetString(5),
                row.GetFieldValue<DateTimeOffset>(6)
            )
            : null;
}
