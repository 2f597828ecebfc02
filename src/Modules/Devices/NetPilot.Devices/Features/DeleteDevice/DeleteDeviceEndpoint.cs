using FastEndpoints;
using NetPilot.Identity.Contracts;

namespace NetPilot.Devices.Features.DeleteDevice;

internal sealed class DeleteDeviceEndpoint(OwnedDevices devices, DevicesDbContext db) : Endpoint<DeviceRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}/devices/{deviceId}");
        Summary(s => s.Summary = "Forgets a device; a scan that sees it again adds it anew");
        Description(b => b.AnswersEmpty(204).Refuses(404));
    }

    public override async Task HandleAsync(DeviceRequest request, CancellationToken cancellationToken)
    {
        var device = await devices.FindAsync(HttpContext.Caller(), request.RouterId, request.DeviceId, cancellationToken);
        await db.Devices.Where(row => row.Id == device.Id).ExecuteDeleteAsync(cancellationToken);
        await Send.NoContentAsync(cancellationToken);
    }
}
