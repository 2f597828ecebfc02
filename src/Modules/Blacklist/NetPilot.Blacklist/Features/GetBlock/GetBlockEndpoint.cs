namespace NetPilot.Blacklist.Features.GetBlock;

/// <summary>A request that names a block.</summary>
internal sealed class GetBlockRequest : RouterRequest
{
    /// <summary>The block's id.</summary>
    /// <example>01a214b7-e9bc-7757-bbe3-b80ba3d3fc25</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string Id { get; init; } = "";
}

internal sealed class GetBlockEndpoint(IRouterOwnership ownership, BlacklistDbContext db, IDeviceDirectory devices, BlockAnswers answers)
    : Endpoint<GetBlockRequest, BlockResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/blocked/{id}");
        this.Describe("Blocks", "Show a block", "Shows a block in any state. The router is not asked.");
        Description(b => b.Answers<BlockResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.BlockNotFound));
    }

    public override async Task HandleAsync(GetBlockRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var rule = PathId.TryRead(request.Id, out var id)
            ? await db
                .Blocks.AsNoTracking()
                .OfRouter(caller.UserId, request.RouterId)
                .SingleOrDefaultAsync(block => block.Id == id, cancellationToken)
            : null;
        if (rule is null)
        {
            throw new ProblemException(ErrorCodes.BlockNotFound, "This router has no block with this id.");
        }

        var names = await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, [rule], cancellationToken);
        await Send.OkAsync(await answers.OfAsync(rule, names, cancellationToken), cancellationToken);
    }
}
