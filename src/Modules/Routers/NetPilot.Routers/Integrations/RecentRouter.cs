using NetPilot.Identity.Contracts;
using Npgsql;

namespace NetPilot.Routers.Integrations;

internal sealed class RecentRouter(NpgsqlDataSource database) : IRecentRouter
{
    public async Task<string?> FindAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            SELECT router_id FROM routers.user_routers WHERE user_id = $1
            ORDER BY last_seen_at DESC NULLS LAST, created_at DESC LIMIT 1
            """
        );
        command.Parameters.Add(new() { Value = userId });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }
}
