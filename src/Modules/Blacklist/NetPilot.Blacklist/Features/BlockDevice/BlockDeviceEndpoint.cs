using FastEndpoints;

namespace NetPilot.Blacklist.Features.BlockDevice;

internal sealed class BlockDeviceEndpoint(RuleTargets targets, RuleCommands commands) : Endpoint<BlockDeviceRequest, BlockResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/block");
        Tags("Blocks");
        Summary(s =>
        {
            s.Summary = "Block a device";
            s.Description =
                "Blocks the device that has this address. Blocking it again changes only what the body names, and sends nothing to the router.";
            s.Responses[201] = "The block is in force.";
            s.Responses[200] = "The device was blocked already.";
            s.Responses[202] = "The block is under way, and the server goes on by itself.";
        });
        Description(b =>
            b.Answers<BlockResponse>(201, 200, 202)
                .AnswersLocation(201, 202)
                .Refuses(ErrorCodes.TierLimitReached, ErrorCodes.RouterNotFound)
                .FailsInTurn()
                .TakesPrefer()
                .TakesIdempotencyKey()
        );
    }

    public override async Task HandleAsync(BlockDeviceRequest request, CancellationToken cancellationToken)
    {
        var ip = IPAddress.Parse(request.Ip!);
        var (target, device) = await targets.OfDeviceAsync(HttpContext, RuleKind.Block, request.RouterId, ip, cancellationToken);
        RuleTargets.RefuseRouter(device);
        var expiry = request.ExpiresAt.IsPresent ? new Optional<DateTimeOffset?>(request.ExpiresAt.Value?.ToMicroseconds()) : default;

        var answer = await commands.PutInForceAsync(target, new RuleWords(request.Reason, expiry), cancellationToken);

        var block = BlockResponse.Of(answer.Rule, DeviceNames.Of(device));
        var location = $"/api/v1/routers/{request.RouterId}/blocked/{block.Id}";
        await Send.ResponseAsync(block, HttpContext.Announce(answer, target, location), cancellationToken);
    }
}
