namespace NetPilot.Routers.Features.DeleteRouter;

internal sealed class DeleteRouterEndpoint(IRouterOwnership ownership, RouterRelease release) : Endpoint<RouterRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}");
        this.Describe(
            "Routers",
            "Give up a router",
            "Deletes the router with its devices, blocks and lists. Its rules are reset when it can be reached. Its id can be claimed at once."
        );
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        await release.ReleaseAsync(router, CancellationToken.None);
        await Send.NoContentAsync(cancellationToken);
    }
}
