using System.Net;
using FastEndpoints;
using NetPilot.Blacklist.Rules;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Blacklist.Features.BlockDevice;

internal sealed class BlockDeviceEndpoint(RuleTargets targets, RuleCommands commands) : Endpoint<BlockDeviceRequest, BlockResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/block");
        Summary(s =>
        {
            s.Summary = "Blocks a device";
            s.Description =
                "Blocks the device that has this address. Blocking it again changes only what the request names, and sends nothing to the router.";
        });
        Description(b => b.Answers<BlockResponse>(201, 200, 202).Refuses(403, 404).FailsDownstream().TakesPrefer().TakesIdempotencyKey());
    }

    public override async Task HandleAsync(BlockDeviceRequest request, CancellationToken ct)
    {
        var prefer = Preference.Read(HttpContext.Request.Headers);
        var (target, device) = await targets.FindAsync(
            RuleKind.Block,
            HttpContext.Caller(),
            request.RouterId,
            IPAddress.Parse(request.Ip!),
            prefer,
            ct
        );
        RuleTargets.RefuseRouter(device);
        var expiry = request.ExpiresAt.IsPresent ? new Optional<DateTimeOffset?>(request.ExpiresAt.Value?.ToMicroseconds()) : default;

        var answer = await commands.PutInForceAsync(target, request.Reason, expiry, ct);

        var block = BlockResponse.Of(answer.Rule, DeviceNames.Of(device));
        await Send.ResponseAsync(block, HttpContext.Announce(answer, $"/api/v1/routers/{request.RouterId}/blocked/{block.Id}", prefer), ct);
    }
}
