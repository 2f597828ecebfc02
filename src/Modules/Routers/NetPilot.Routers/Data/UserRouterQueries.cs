using Microsoft.EntityFrameworkCore;

namespace NetPilot.Routers.Data;

internal static class UserRouterQueries
{
    /// <summary>The router, if it is this user's. A malformed id (which may hold what PostgreSQL takes for no text) is an unknown one.</summary>
    public static async Task<UserRouter?> OwnedBy(
        this IQueryable<UserRouter> routers,
        Guid userId,
        string routerId,
        CancellationToken cancellationToken
    ) =>
        RouterId.IsWellFormed(routerId)
            ? await routers.SingleOrDefaultAsync(router => router.RouterId == routerId && router.UserId == userId, cancellationToken)
            : null;
}
