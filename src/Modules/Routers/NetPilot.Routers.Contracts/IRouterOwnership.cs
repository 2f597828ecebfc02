using System.Data.Common;

namespace NetPilot.Routers.Contracts;

/// <summary>The one place that says whose a router is.</summary>
public interface IRouterOwnership
{
    /// <summary>
    /// The router, if this user owns it; else null, which callers answer with 404 <c>router_not_found</c> whether or not it exists.
    /// One round trip to PostgreSQL. A malformed id is an unknown one.
    /// </summary>
    Task<OwnedRouter?> FindAsync(Guid userId, string routerId, CancellationToken cancellationToken);

    /// <summary>
    /// The question whether the router is still this owner's, for a batch of the caller that asks something else too. It is asked after a
    /// write, so that either the caller or the release of the router deletes what was written.
    /// </summary>
    /// <param name="router">The router, as it was read before.</param>
    /// <returns>A statement of PostgreSQL. It gives one row with one boolean.</returns>
    DbBatchCommand IsStillOwned(OwnedRouter router);

    /// <summary>
    /// Present owners of these routers, for background work that goes on without a request. Routers that nobody owns are left out.
    /// </summary>
    Task<IReadOnlyDictionary<string, OwnedRouter>> FindOwnersAsync(
        IReadOnlyCollection<string> routerIds,
        CancellationToken cancellationToken
    );
}

/// <summary>A router and its owner.</summary>
/// <param name="UserId">The owner.</param>
/// <param name="RouterId">The router agent's own id.</param>
/// <param name="Name">What the owner calls it.</param>
/// <param name="LastSeenAt">When a command last reached it; null if none did.</param>
/// <param name="TurnFence">The fence of the turn granted last when this was read: <see cref="RouterTurn.FollowsDirectly"/> compares with it.</param>
/// <param name="TimeZone">The IANA id of the time zone that its schedules are in, as the owner sent it.</param>
/// <param name="ClaimedAt">Since when the router is this owner's.</param>
public sealed record OwnedRouter(
    Guid UserId,
    string RouterId,
    string Name,
    DateTimeOffset? LastSeenAt,
    long TurnFence,
    string TimeZone,
    DateTimeOffset ClaimedAt
);
