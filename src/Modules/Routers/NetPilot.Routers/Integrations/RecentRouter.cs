namespace NetPilot.Routers.Integrations;

internal sealed class RecentRouter(IDbContextFactory<RoutersDbContext> contexts) : IRecentRouter
{
    public async Task<string?> FindAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Routers.Where(router => router.UserId == userId)
            .OrderBy(router => router.LastSeenAt == null)
            .ThenByDescending(router => router.LastSeenAt)
            .ThenByDescending(router => router.CreatedAt)
            .Select(router => router.RouterId)
            .FirstOrDefaultAsync(cancellationToken);
    }
}
