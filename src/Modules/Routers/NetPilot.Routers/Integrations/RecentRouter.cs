using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Routers.Integrations;

internal sealed class RecentRouter(NpgsqlDataSource database) : IRecentRouter
{
    public async Task<string?> FindAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            SELECT router_id FROM routers.user_routers WHERE user_id = $1
            ORDER BY last_seen_at DESC NULLS LAST, created_at DESC LIMIT 1
            """,
            userId
        );
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }
}
