using NetPilot.Routers.Features.DeleteRouter;

namespace NetPilot.Routers.Features.ReleaseClaim;

internal sealed class ReleaseClaimEndpoint(IRouterOwnership ownership, RouterRelease release) : Endpoint<RouterRequest>
{
    public override void Configure()
    {
        Delete("admin/routers/{routerId}");
        Roles(Identity.Contracts.Roles.Admin);
        this.Describe("Admin", "Release the claim on a router", "Does what its owner would do by giving it up.");
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var owners = RouterId.IsWellFormed(request.RouterId)
            ? await ownership.FindOwnersAsync([request.RouterId], cancellationToken)
            : null;
        var router =
            owners?.GetValueOrDefault(request.RouterId)
            ?? throw new ProblemException(ErrorCodes.RouterNotFound, "Nobody has claimed a router with this id.");
        await release.ReleaseAsync(router, CancellationToken.None);
        await Send.NoContentAsync(cancellationToken);
    }
}
