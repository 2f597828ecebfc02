namespace NetPilot.Devices.Features.GetDevice;

internal sealed class GetDeviceEndpoint(OwnedDevices devices, DeviceDetails details) : Endpoint<DeviceRequest, DeviceResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/devices/{deviceId}");
        this.Describe("Devices", "Show a device", "Shows what is stored of the device. The router is not asked.");
        Description(b => b.Answers<DeviceResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound));
    }

    public override async Task HandleAsync(DeviceRequest request, CancellationToken cancellationToken)
    {
        var device = await devices.FindAsync(HttpContext.Caller(), request.RouterId, request.DeviceId, cancellationToken);
        await Send.OkAsync(await details.AnswerAsync(device, cancellationToken), cancellationToken);
    }
}
