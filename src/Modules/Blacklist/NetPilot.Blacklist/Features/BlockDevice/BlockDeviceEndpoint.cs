using Microsoft.AspNetCore.Builder;

namespace NetPilot.Blacklist.Features.BlockDevice;

internal sealed class BlockDeviceEndpoint(RuleTargets targets, RuleCommands commands, BlockAnswers answers)
    : Endpoint<BlockDeviceRequest, BlockResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/block");
        this.Describe(
            "Blocks",
            "Block a device",
            "Blocks the device with this address or id. Blocking it again changes only what the body names, and sends nothing to the router. So does blocking a device that a pause or a schedule holds: the block stays until each of its holds has ended.",
            (201, "The block is in force."),
            (200, "The device was blocked already."),
            (202, "The block is under way, and the server goes on by itself.")
        );
        Description(b =>
            b.Answers<BlockResponse>(201, 200, 202)
                .AnswersLocation(201, 202)
                .Refuses(ErrorCodes.TierLimitReached, ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.DeviceWithoutAddress)
                .FailsDownstream()
                .TakesPrefer()
                .WithMetadata(new NamesDevice())
                .TakesIdempotencyKey()
        );
    }

    public override async Task HandleAsync(BlockDeviceRequest request, CancellationToken cancellationToken)
    {
        var (target, chosen) = await targets.OfBlockAsync(HttpContext, request.RouterId, request, cancellationToken);
        chosen.RefuseRouter(((IDeviceChoice)request).Field);

        var answer = await commands.PutInForceAsync(target, request.Words(), cancellationToken);

        var block = await answers.OfAsync(answer.Rule, chosen, cancellationToken);
        await Send.ResponseAsync(block, HttpContext.Announce(answer, target, block.LocationAt(target.Router)), cancellationToken);
    }
}
