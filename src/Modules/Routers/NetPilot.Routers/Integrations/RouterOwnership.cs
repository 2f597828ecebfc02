using Microsoft.AspNetCore.Http;

namespace NetPilot.Routers.Integrations;

/// <summary>
/// Reads whose a router is. For the router that a request's path names this is read with the caller's session, and taken by the first who asks
/// in that request.
/// </summary>
internal sealed class RouterOwnership(
    IDbContextFactory<RoutersDbContext> contexts,
    NpgsqlDataSource database,
    IHttpContextAccessor accessor,
    TimeProvider time
) : IRouterOwnership, IRequestReads
{
    // A body can take long to arrive, and the router can have a new owner by then.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    public async Task<OwnedRouter?> FindAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        if (!RouterId.IsWellFormed(routerId))
        {
            return null;
        }

        if (
            accessor.HttpContext?.Features.Get<ReadWithSession>()?.Take(userId, routerId) is { } read
            && time.GetElapsedTime(read.At) < Freshness
        )
        {
            return read.Router;
        }

        return await ReadOwnedRouter.FindAsync(database, userId, routerId, cancellationToken);
    }

    public async Task<IReadOnlyDictionary<string, OwnedRouter>> FindOwnersAsync(
        IReadOnlyCollection<string> routerIds,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Owned(db, db.Routers.Where(router => routerIds.Contains(router.RouterId)))
            .ToDictionaryAsync(router => router.RouterId, StringComparer.Ordinal, cancellationToken);
    }

    public DbBatchCommand IsStillOwned(OwnedRouter router) => ReadOwnedRouter.IsStillOwned(router);

    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        RouterIdOf(context) is { } routerId ? ReadOwnedRouter.Command(userId, routerId) : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken)
    {
        var router = await ReadOwnedRouter.ReadAsync(result, cancellationToken);
        context.Features.Set(new ReadWithSession(userId, RouterIdOf(context)!, new Found(router, time.GetTimestamp())));
    }

    private static IQueryable<OwnedRouter> Owned(RoutersDbContext db, IQueryable<UserRouter> routers) =>
        from router in routers
        join turn in db.Turns on router.RouterId equals turn.RouterId into turns
        from turn in turns.DefaultIfEmpty()
        select new OwnedRouter(
            router.UserId,
            router.RouterId,
            router.Name,
            router.LastSeenAt,
            turn == null ? 0 : turn.Fence,
            router.TimeZone,
            router.CreatedAt
        );

    private static string? RouterIdOf(HttpContext context) =>
        context.Request.RouteValues.TryGetValue("routerId", out var value) && value is string routerId && RouterId.IsWellFormed(routerId)
            ? routerId
            : null;

    private sealed record Found(OwnedRouter? Router, long At);

    /// <summary>Taken once: who asks again in the same request wants to know what has changed since.</summary>
    private sealed class ReadWithSession(Guid userId, string routerId, Found found)
    {
        private Found? left = found;

        public Found? Take(Guid user, string router) => user == userId && router == routerId ? Interlocked.Exchange(ref left, null) : null;
    }
}
