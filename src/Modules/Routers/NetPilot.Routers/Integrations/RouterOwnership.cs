using Microsoft.AspNetCore.Http;
using NamedRouter = NetPilot.Web.ReadWithSession<(System.Guid UserId, string RouterId), NetPilot.Routers.Contracts.OwnedRouter?>;

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
    public async Task<OwnedRouter?> FindAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        if (!RouterId.IsWellFormed(routerId))
        {
            return null;
        }

        OwnedRouter? router = null;
        return accessor.HttpContext?.Features.Get<NamedRouter>()?.TryTake((userId, routerId), time, out router) is true
            ? router
            : await ReadOwnedRouter.FindAsync(database, userId, routerId, cancellationToken);
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
        var named = new NamedRouter((userId, RouterIdOf(context)!));
        named.Keep(router, time);
        context.Features.Set(named);
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
}
