using NetPilot.Routers.Features.DeleteRouter;

namespace NetPilot.Routers.Integrations;

/// <summary>An account that goes gives up its routers, after the other modules have removed what they keep for it.</summary>
internal sealed class RouterUserDependents(RouterRelease release) : IUserDependents
{
    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken) => release.ReleaseAllAsync(userId, cancellationToken);
}
