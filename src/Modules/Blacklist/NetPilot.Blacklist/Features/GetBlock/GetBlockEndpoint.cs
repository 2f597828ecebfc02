using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Blacklist.Data;
using NetPilot.Devices.Contracts;
using NetPilot.Identity.Contracts;
using NetPilot.Web;

namespace NetPilot.Blacklist.Features.GetBlock;

internal sealed class GetBlockRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

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

    public override async Task HandleAsync(GetBlockRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        await targets.OwnedAsync(caller, request.RouterId, ct);
        var rule = Guid.TryParse(request.BlockId, out var id)
            ? await db.Blocks.AsNoTracking().OfRouter(caller.UserId, request.RouterId).SingleOrDefaultAsync(block => block.Id == id, ct)
            : null;
        if (rule is null)
        {
            throw new ProblemException(new Problem(ErrorCodes.BlockNotFound, "This router has no block with this id."));
        }

        var names = await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, [rule], ct);
        await Send.OkAsync(BlockResponse.Of(rule, names), ct);
    }
}
