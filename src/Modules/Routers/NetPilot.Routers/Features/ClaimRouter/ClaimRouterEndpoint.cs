namespace NetPilot.Routers.Features.ClaimRouter;

internal sealed class ClaimRouterEndpoint(NpgsqlDataSource database, ITierLimits tiers, IOptions<RoutersOptions> options, TimeProvider time)
    : Endpoint<ClaimRouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Post("routers");
        this.Describe(
            "Routers",
            "Claim a router",
            "Makes the caller the owner of the router. A router has one owner. A claim of a router that the caller owns already changes nothing.",
            (201, "The caller owns the router now."),
            (200, "The caller owned the router already.")
        );
        Description(b =>
            b.Answers<RouterResponse>(201, 200)
                .AnswersLocation(201)
                .Refuses(ErrorCodes.TierLimitReached, ErrorCodes.RouterTaken)
                .TakesIdempotencyKey()
        );
    }

    public override async Task HandleAsync(ClaimRouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var limit = tiers.Of(caller.Tier).MaxRouters;
        var address = HttpContext.Connection.RemoteIpAddress ?? IPAddress.None;
        var claim = new RouterClaim(
            caller.UserId,
            ClientNetwork.Of(address),
            request.RouterId!,
            request.Name!,
            limit,
            options.Value.ClaimsPerHour
        );
        switch (await MakeClaim.ExecuteAsync(database, claim, time, cancellationToken))
        {
            case ClaimOutcome.Claimed(var router):
                HttpContext.Response.Headers.Location = $"/api/v1/routers/{router.RouterId}";
                await Send.ResponseAsync(router, 201, cancellationToken);
                break;
            case ClaimOutcome.AlreadyMine(var router):
                await Send.OkAsync(router, cancellationToken);
                break;
            case ClaimOutcome.RateLimited(var wait):
                throw new ProblemException(ErrorCodes.RateLimited, "Too many claims of routers that are taken; try again later.", wait);
            case ClaimOutcome.TierIsFull:
                throw new ProblemException(Problem.TierLimit("routers", limit));
            case ClaimOutcome.Taken:
                throw new ProblemException(ErrorCodes.RouterTaken, "Another user has this router.");
        }
    }
}
