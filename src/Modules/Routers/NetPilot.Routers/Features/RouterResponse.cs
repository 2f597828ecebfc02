using NetPilot.Routers.Data.Entities;

namespace NetPilot.Routers.Features;

/// <summary>A router, as its owner sees it.</summary>
internal sealed record RouterResponse(
    string RouterId,
    string Name,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastSeenAt,
    Reachability Reachability
)
{
    public static RouterResponse Of(UserRouter router) =>
        new(router.RouterId, router.Name, router.CreatedAt, router.LastSeenAt, router.Reachability);
}
