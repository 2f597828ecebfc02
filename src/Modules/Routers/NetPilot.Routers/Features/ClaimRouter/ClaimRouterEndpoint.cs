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
        var claim = new RouterClaim(
            caller.UserId,
            ClientNetwork.Of(HttpContext.Connection.RemoteIpAddress ?? IPAddress.None),
            request.RouterId!,
            request.Name!,
            tiers.Of(caller.Tier).MaxRouters,
            options.Value.ClaimsPerHour
        );
        var (router, isNew) = await MakeClaim.ExecuteAsync(database, claim, time, cancellationToken);
        if (isNew)
        {
            HttpContext.Response.Headers.Location = $"/api/v1/routers/{router.RouterId}";
        }

        await Send.ResponseAsync(router, isNew ? 201 : 200, cancellationToken);
    }
}
