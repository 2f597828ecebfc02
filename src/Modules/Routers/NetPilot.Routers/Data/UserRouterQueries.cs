namespace NetPilot.Routers.Data;

internal static class UserRouterQueries
{
    /// <summary>The router that the user names, if it is this user's. A malformed id (which may hold what PostgreSQL takes for no text) is an unknown one.</summary>
    public static IQueryable<UserRouter> OwnedBy(this IQueryable<UserRouter> routers, Guid userId, string routerId)
    {
        var id = RouterId.IsWellFormed(routerId) ? routerId : "";
        return routers.Where(router => router.RouterId == id && router.UserId == userId);
    }

    /// <exception cref="ProblemException">404 <c>router_not_found</c>.</exception>
    public static async Task<TRow> FoundAsync<TRow>(this IQueryable<TRow> router, CancellationToken cancellationToken)
        where TRow : class => await router.SingleOrDefaultAsync(cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());
}
