namespace NetPilot.Devices.Features.UpdateDevice;

internal sealed class UpdateDeviceEndpoint(OwnedDevices devices, DeviceDetails details, DevicesDbContext db)
    : Endpoint<UpdateDeviceRequest, DeviceResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}/devices/{deviceId}");
        this.Describe(
            "Devices",
            "Change a device",
            "Changes what the body names. `null` clears `name`. Scans overwrite neither. `acknowledged` says that the device is not new any more; a name alone does not."
        );
        Description(b => b.Answers<DeviceResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound));
    }

    public override async Task HandleAsync(UpdateDeviceRequest request, CancellationToken cancellationToken)
    {
        var device = await devices.FindAsync(HttpContext.Caller(), request.RouterId, request.DeviceId, cancellationToken);
        device.DeviceName = request.Name.Or(device.DeviceName);
        device.DeviceType = request.Type.Or(device.DeviceType);
        if (request.Acknowledged.Value)
        {
            device.IsNew = false;
        }

        await db.SaveOrRefuseAsync(gone: OwnedDevices.DeviceNotFound(), cancellationToken);
        await Send.OkAsync(await details.AnswerAsync(device, cancellationToken), cancellationToken);
    }
}
