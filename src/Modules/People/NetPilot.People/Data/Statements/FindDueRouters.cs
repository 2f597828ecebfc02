// A worker of Blacklist runs it with each look. By EF Core, each start would build the module's model for it (benchmark start).
namespace NetPilot.People.Data.Statements;

internal static class FindDueRouters
{
    /// <summary>The routers that came due since then, and are not put in force yet.</summary>
    public static async Task<List<string>> FindDueAsync(
        this NpgsqlDataSource database,
        DateTimeOffset after,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            "SELECT router_id FROM people.routers WHERE next_change_at > $1 AND next_change_at <= $2",
            after,
            now
        );
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAllAsync(row => row.GetString(0), cancellationToken);
    }
}
