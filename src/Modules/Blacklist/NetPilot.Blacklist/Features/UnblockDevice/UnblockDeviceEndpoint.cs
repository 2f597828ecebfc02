using FastEndpoints;

namespace NetPilot.Blacklist.Features.UnblockDevice;

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
        Summary(s =>
        {
            s.Summary = "Unblocks a device";
            s.Description =
                "Lifts the block. 202 where the device is away: the router can lift its rule when it is back, and the server sees to it.";
        });
        Description(b => b.Answers<BlockResponse>(200, 202).Refuses(404).FailsDownstream().TakesPrefer());
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
