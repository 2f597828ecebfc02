using FastEndpoints;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Routers.Features.DeleteRouter;

internal sealed class DeleteRouterEndpoint(IRouterOwnership ownership, RouterRelease release) : Endpoint<RouterRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}");
        Summary(s => s.Summary = "Gives up a router, with its devices, blocks and lists; its rules are reset when it can be reached");
        Description(b => b.AnswersEmpty(204).Refuses(404));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        await release.ReleaseAsync(router, CancellationToken.None);
        await Send.NoContentAsync(cancellationToken);
    }
}
