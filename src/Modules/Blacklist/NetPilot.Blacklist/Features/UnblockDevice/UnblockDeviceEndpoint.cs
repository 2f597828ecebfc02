using FastEndpoints;

namespace NetPilot.Blacklist.Features.UnblockDevice;

/// <summary>The device to unblock.</summary>
/// <example>{"ip":"192.168.1.10"}</example>
internal sealed class UnblockDeviceRequest : RouterRequest
{
    /// <summary>The blocked device's IPv4 address.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ip { get; init; }
}

internal sealed class UnblockDeviceValidator : Validator<UnblockDeviceRequest>
{
    public UnblockDeviceValidator() => RuleFor(request => request.Ip).Ipv4();
}

internal sealed class UnblockDeviceEndpoint(RuleTargets targets, RuleCommands commands) : Endpoint<UnblockDeviceRequest, BlockResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/unblock");
        Tags("Blocks");
        Summary(s =>
        {
            s.Summary = "Unblock a device";
            s.Description = "Lifts the block of the device that has this address.";
            s.Responses[200] = "The block is lifted.";
            s.Responses[202] = "The lift is under way, and the server goes on by itself. It waits for a device that is away.";
        });
        Description(b =>
            b.Answers<BlockResponse>(200, 202).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.NotBlocked).FailsInTurn().TakesPrefer()
        );
    }

    public override async Task HandleAsync(UnblockDeviceRequest request, CancellationToken cancellationToken)
    {
        var ip = IPAddress.Parse(request.Ip!);
        var (target, device) = await targets.OfDeviceAsync(HttpContext, RuleKind.Block, request.RouterId, ip, cancellationToken);

        var answer = await commands.LiftAsync(target, NotBlocked(), cancellationToken);

        var block = BlockResponse.Of(answer.Rule, DeviceNames.Of(device));
        await Send.ResponseAsync(block, HttpContext.Announce(answer, target), cancellationToken);
    }

    private static Problem NotBlocked() => new(ErrorCodes.NotBlocked, "No device with this address is blocked on this router.");
}
