using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Web;

namespace NetPilot.Routers.Features.GetRouter;

internal sealed class GetRouterEndpoint(RoutersDbContext db) : Endpoint<RouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}");
        Summary(s => s.Summary = "Shows one of the caller's routers");
        Description(b => b.Answers<RouterResponse>(200).Refuses(404));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var router = await db.Routers.AsNoTracking().OwnedBy(HttpContext.Caller().UserId, request.RouterId).FoundAsync(cancellationToken);
        await Send.OkAsync(RouterResponse.Of(router), cancellationToken);
    }
}
