namespace NetPilot.Routers.Features.GetRouter;

internal sealed class GetRouterEndpoint(RoutersDbContext db) : Endpoint<RouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}");
        this.Describe("Routers", "Show a router", "Shows what is stored of the router. The router is not asked.");
        Description(b => b.Answers<RouterResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var router = await db.Routers.AsNoTracking().OwnedBy(HttpContext.Caller().UserId, request.RouterId).FoundAsync(cancellationToken);
        await Send.OkAsync(RouterResponse.Of(router), cancellationToken);
    }
}
