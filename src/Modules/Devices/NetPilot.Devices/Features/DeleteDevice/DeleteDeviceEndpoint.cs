namespace NetPilot.Devices.Features.DeleteDevice;

internal sealed class DeleteDeviceEndpoint(IRouterOwnership ownership, DeviceChanges changes) : Endpoint<DeviceRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}/devices/{deviceId}");
        this.Describe(
            "Devices",
            "Forget a device",
            "What pauses and schedules hold of the device ends; a block of it stays. A scan that sees the device again adds it anew."
        );
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound));
    }

    public override async Task HandleAsync(DeviceRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        await changes.DeleteAsync(router, caller.AsActor(), OwnedDevices.IdOf(request.DeviceId), cancellationToken);
        await Send.NoContentAsync(cancellationToken);
    }
}
