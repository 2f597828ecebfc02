using FastEndpoints;
using NetPilot.Identity.Contracts;

namespace NetPilot.Devices.Features.DeleteDevice;

internal sealed class DeleteDeviceEndpoint(OwnedDevices devices, DevicesDbContext db) : Endpoint<DeviceRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}/devices/{deviceId}");
        Tags("Devices");
        Summary(s =>
        {
            s.Summary = "Forget a device";
            s.Description = "A scan that sees the device again adds it anew.";
        });
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound));
    }

    public override async Task HandleAsync(DeviceRequest request, CancellationToken cancellationToken)
    {
        var device = await devices.FindAsync(HttpContext.Caller(), request.RouterId, request.DeviceId, cancellationToken);
        await db.Devices.Where(row => row.Id == device.Id).ExecuteDeleteAsync(cancellationToken);
        await Send.NoContentAsync(cancellationToken);
    }
}
