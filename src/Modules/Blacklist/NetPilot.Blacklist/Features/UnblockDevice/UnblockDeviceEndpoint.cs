using Microsoft.AspNetCore.Builder;

namespace NetPilot.Blacklist.Features.UnblockDevice;

/// <summary>The device to unblock, by exactly one of `ip` and `deviceId`.</summary>
/// <example>{"ip":"192.168.1.10"}</example>
internal sealed class UnblockDeviceRequest : RouterRequest, IDeviceChoice
{
    /// <summary>The blocked device's IPv4 address.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ip { get; init; }

    /// <summary>The blocked device's id.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Guid? DeviceId { get; init; }
}

internal sealed class UnblockDeviceValidator : Validator<UnblockDeviceRequest>
{
    public UnblockDeviceValidator() => RuleFor(request => request.Ip).OrDeviceId();
}

internal sealed class UnblockDeviceEndpoint(RuleTargets targets, RuleCommands commands, BlockAnswers answers)
    : Endpoint<UnblockDeviceRequest, BlockResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/unblock");
        this.Describe(
            "Blocks",
            "Unblock a device",
            "Lets the device with this address or id through now: its block is lifted, whatever holds it. A pause does not hold it again, and a schedule not before its next window.",
            (200, "The block is lifted."),
            (202, "The lift is under way, and the server goes on by itself. It waits for a device that is away.")
        );
        Description(b =>
            b.Answers<BlockResponse>(200, 202)
                .AnswersLocation(202)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.DeviceWithoutAddress, ErrorCodes.NotBlocked)
                .FailsDownstream()
                .TakesPrefer()
                .WithMetadata(new NamesDevice())
        );
    }

    public override async Task HandleAsync(UnblockDeviceRequest request, CancellationToken cancellationToken)
    {
        var (target, chosen) = await targets.OfBlockAsync(HttpContext, request.RouterId, request, cancellationToken);

        var answer = await commands.LiftAsync(target, RuleProblems.NotBlocked(), cancellationToken);

        var block = await answers.OfAsync(answer.Rule, chosen, cancellationToken);
        var status = HttpContext.Announce(answer, target, block.LocationAt(target.Router), makes: false);
        await Send.ResponseAsync(block, status, cancellationToken);
    }
}
