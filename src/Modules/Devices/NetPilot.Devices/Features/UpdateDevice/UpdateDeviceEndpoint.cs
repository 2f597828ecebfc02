using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Devices.Data;
using NetPilot.Identity.Contracts;
using NetPilot.Web;

namespace NetPilot.Devices.Features.UpdateDevice;

internal sealed class UpdateDeviceEndpoint(OwnedDevices devices, BlockedFlags blocked, DevicesDbContext db)
    : Endpoint<UpdateDeviceRequest, DeviceResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}/devices/{deviceId}");
        Summary(s => s.Summary = "Names a device, or says what it is; no scan overwrites either");
        Description(b => b.Answers<DeviceResponse>(200).Refuses(404));
    }

    public override async Task HandleAsync(UpdateDeviceRequest request, CancellationToken ct)
    {
        var device = await devices.FindAsync(HttpContext.Caller(), request.RouterId, request.DeviceId, ct);
        device.Rename(request.Name.Or(device.DeviceName));
        device.Classify(request.Type.Or(device.DeviceType));
        await SaveAsync(ct);
        await Send.OkAsync(DeviceResponse.Of(device, await blocked.OfRouterAsync(device.UserId, device.RouterId, ct)), ct);
    }

    private async Task SaveAsync(CancellationToken ct)
    {
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Forgotten since it was read.
            throw new ProblemException(OwnedDevices.DeviceNotFound());
        }
    }
}
