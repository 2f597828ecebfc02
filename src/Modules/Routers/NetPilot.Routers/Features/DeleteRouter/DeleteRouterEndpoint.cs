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
        Tags("Routers");
        Summary(s => s.Summary = "Gives up a router, with its devices, blocks and lists; its rules are reset when it can be reached");
        Description(b => b.AnswersEmpty(204).Refuses(404));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken ct)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, ct);
        await release.ReleaseAsync(router, CancellationToken.None);
        await Send.NoContentAsync(ct);
    }
}
