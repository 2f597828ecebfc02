using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features.GetBlock;

internal sealed class GetBlockRequest : RouterRequest
{
    [RouteParam]
    public string BlockId { get; init; } = "";
}

internal sealed class GetBlockEndpoint(RuleTargets targets, BlacklistDbContext db, IDeviceDirectory devices)
    : Endpoint<GetBlockRequest, BlockResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/blocked/{blockId}");
        Summary(s => s.Summary = "Shows a block, in whatever state it is");
        Description(b => b.Answers<BlockResponse>(200).Refuses(404));
    }

    public override async Task HandleAsync(GetBlockRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        await targets.OwnedAsync(caller, request.RouterId, cancellationToken);
        var rule = Guid.TryParse(request.BlockId, out var id)
            ? await db
                .Blocks.AsNoTracking()
                .OfRouter(caller.UserId, request.RouterId)
                .SingleOrDefaultAsync(block => block.Id == id, cancellationToken)
            : null;
        if (rule is null)
        {
            throw new ProblemException(new Problem(ErrorCodes.BlockNotFound, "This router has no block with this id."));
        }

        var names = await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, [rule], cancellationToken);
        await Send.OkAsync(BlockResponse.Of(rule, names), cancellationToken);
    }
}
