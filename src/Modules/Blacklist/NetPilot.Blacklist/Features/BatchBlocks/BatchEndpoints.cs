using NetPilot.Blacklist.Features.BlockDevice;
using NetPilot.Blacklist.Features.UnblockDevice;

namespace NetPilot.Blacklist.Features.BatchBlocks;

internal sealed class BlockBatchEndpoint(BlockBatches batches, RuleCommands commands, TimeProvider time)
    : Endpoint<BatchRequest, BatchResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/block/batch");
        this.Describe(
            "Blocks",
            "Block many devices",
            "Blocks each device as if it were blocked alone, in one turn of the router as far as the time of the request goes. An `Idempotency-Key` keeps the answer if it would keep each of the results."
        );
        Description(b =>
            b.Answers<BatchResponse>(200).Refuses(ErrorCodes.RouterNotFound).TakesPrefer().TakesIdempotencyKey(answersAtLength: true)
        );
    }

    public override async Task HandleAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        var response = await batches.RunAsync(
            HttpContext,
            request,
            new BlockDeviceValidator(time),
            blocks: true,
            (target, item, token) => commands.BeginPuttingInForceAsync(target, item.Words(), token),
            cancellationToken
        );
        await Send.OkAsync(response, cancellationToken);
    }
}

internal sealed class UnblockBatchEndpoint(BlockBatches batches, RuleCommands commands) : Endpoint<BatchRequest, BatchResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/unblock/batch");
        this.Describe(
            "Blocks",
            "Unblock many devices",
            "Lets each device through as if it were unblocked alone, in one turn of the router as far as the time of the request goes. An `Idempotency-Key` keeps the answer if it would keep each of the results."
        );
        Description(b =>
            b.Answers<BatchResponse>(200).Refuses(ErrorCodes.RouterNotFound).TakesPrefer().TakesIdempotencyKey(answersAtLength: true)
        );
    }

    public override async Task HandleAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        var response = await batches.RunAsync(
            HttpContext,
            request,
            new UnblockDeviceValidator(),
            blocks: false,
            (target, _, token) => commands.BeginLiftingAsync(target, RuleProblems.NotBlocked(), token),
            cancellationToken
        );
        await Send.OkAsync(response, cancellationToken);
    }
}
