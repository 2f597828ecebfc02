using System.Net;
using FastEndpoints;
using NetPilot.Identity.Contracts;
using NetPilot.Web;

namespace NetPilot.Routers.Features.ClaimRouter;

internal sealed class ClaimRouterEndpoint(RouterClaims claims, ITierLimits tiers) : Endpoint<ClaimRouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Post("routers");
        Tags("Routers");
        Summary(s => s.Summary = "Claims a router: whoever names a router's id first owns it");
        Description(b => b.Answers<RouterResponse>(201, 200).Refuses(403, 409).TakesIdempotencyKey());
    }

    public override async Task HandleAsync(ClaimRouterRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var limit = tiers.Of(caller.Tier).MaxRouters;
        var address = HttpContext.Connection.RemoteIpAddress ?? IPAddress.None;
        switch (await claims.ClaimAsync(request, caller.UserId, address, limit, ct))
        {
            case ClaimOutcome.Claimed(var router):
                HttpContext.Response.Headers.Location = $"/api/v1/routers/{router.RouterId}";
                await Send.ResponseAsync(router, 201, ct);
                break;
            case ClaimOutcome.AlreadyMine(var router):
                await Send.OkAsync(router, ct);
                break;
            case ClaimOutcome.RateLimited(var wait):
                throw new ProblemException(
                    new Problem(429, ErrorCodes.RateLimited, "Too many claims of routers that are taken; try again later.")
                    {
                        RetryAfter = wait,
                    }
                );
            case ClaimOutcome.TierIsFull:
                throw new ProblemException(Problem.TierLimit("routers", limit));
            case ClaimOutcome.Taken:
                throw new ProblemException(Problem.Conflict(ErrorCodes.RouterTaken, "Another user has this router."));
        }
    }
}
