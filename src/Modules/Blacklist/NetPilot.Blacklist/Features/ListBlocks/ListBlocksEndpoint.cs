namespace NetPilot.Blacklist.Features.ListBlocks;

/// <summary>Which blocks to list.</summary>
internal sealed class ListBlocksRequest : RouterPageRequest
{
    /// <summary>Lists blocks in this state alone; without it, those in the states `applying`, `blocked` and `lifting`.</summary>
    [QueryParam, ShownAs(typeof(RuleState))]
    public string? State { get; init; }
}

internal sealed class ListBlocksValidator : Validator<ListBlocksRequest>
{
    public ListBlocksValidator() =>
        RuleFor(request => request.State)
            .Must(state => state is null || SnakeCase.TryParse<RuleState>(state, out _))
            .WithMessage("Must be applying, blocked, lifting, lifted or failed.");
}

internal sealed class ListBlocksEndpoint(
    IRouterOwnership ownership,
    RuleStore store,
    BlacklistDbContext db,
    IDeviceDirectory devices,
    TimeProvider time
) : Endpoint<ListBlocksRequest, Page<BlockResponse>>
{
    public override void Configure()
    {
        Get("routers/{routerId}/blocked");
        this.Describe("Blocks", "List blocks", "Lists the blocks of the router, newest first. The router is not asked.");
        Description(b => b.Answers<Page<BlockResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(ListBlocksRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value, request.State);
        await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var rules = await HttpContext.PageAsync(
            () => db.Blocks.AsNoTracking().OfRouter(caller.UserId, request.RouterId).InState(request.State),
            RuleQueries.Newest,
            page,
            cancellationToken
        );
        var holds = await store.HoldsOfAsync(rules.Items, cancellationToken);
        var names =
            HttpContext.Features.Get<DeviceNames>()
            ?? await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, rules.Items, cancellationToken);
        var now = time.UtcNow();
        await Send.OkAsync(rules.Select(rule => BlockResponse.Of(rule, [.. holds[rule.Id]], names, now)), cancellationToken);
    }
}
