namespace NetPilot.Devices.Features.MergeDevice;

/// <summary>The device that this one is.</summary>
/// <example>{"into":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"}</example>
internal sealed class MergeDeviceRequest : RouterRequest
{
    /// <summary>The id of the device whose row goes.</summary>
    /// <example>01a214b7-f10c-7b55-9d6e-52a1c0de4417</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string DeviceId { get; init; } = "";

    /// <summary>The id of the device that stays: the same one, under the address that it has now.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Guid? Into { get; init; }
}

internal sealed class MergeDeviceValidator : Validator<MergeDeviceRequest>
{
    public MergeDeviceValidator() =>
        RuleFor(request => request.Into)
            .Refusing(
                new ValueShape { NotNull = true },
                (request, into) =>
                    into is null ? "Is required."
                    : PathId.TryRead(request.DeviceId, out var id) && id == into ? "Must be another device than the one that goes."
                    : null
            );
}

internal sealed class MergeDeviceEndpoint(IRouterOwnership ownership, DeviceChanges changes, DeviceDetails details)
    : Endpoint<MergeDeviceRequest, DeviceResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/devices/{deviceId}/merge");
        this.Describe(
            "Devices",
            "Merge a device into another one",
            "Says that a device goes on under another MAC, as a phone does that makes its MACs up. Name, type, person, schedules and holds move to `into` as far as it has none of its own, and the old row goes. A block follows: the router blocks `into`, and the rule of the old MAC is lifted, as soon as the router takes both; where the old device has to be there for that, its block waits in state `lifting` and does not count for the tier. It is refused while the last scan saw both devices. The answer is the device that stays."
        );
        Description(b =>
            b.Answers<DeviceResponse>(200)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.DeviceOnline, ErrorCodes.DeviceWithoutAddress)
                .TakesIdempotencyKey()
        );
    }

    public override async Task HandleAsync(MergeDeviceRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var from = OwnedDevices.IdOf(request.DeviceId);
        var merged = await changes.MergeAsync(router, caller.AsActor(), from, request.Into!.Value, cancellationToken);
        await Send.OkAsync(await details.AnswerAsync(merged, cancellationToken), cancellationToken);
    }
}
