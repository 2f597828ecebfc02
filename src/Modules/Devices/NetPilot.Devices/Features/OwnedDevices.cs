using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Features;

/// <summary>Finds the device of a path, if it belongs to the user.</summary>
internal sealed class OwnedDevices(IRouterOwnership ownership, DevicesDbContext db)
{
    /// <exception cref="ProblemException">404 <c>router_not_found</c> or <c>device_not_found</c>.</exception>
    public async Task<UserDevice> FindAsync(Caller caller, string routerId, string deviceId, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var device = Guid.TryParseExact(deviceId, "D", out var id)
            ? await db.Devices.BehindRouter(router.UserId, router.RouterId).SingleOrDefaultAsync(d => d.Id == id, cancellationToken)
            : null;
        return device ?? throw new ProblemException(DeviceNotFound());
    }

    public static Problem DeviceNotFound() => new(ErrorCodes.DeviceNotFound, "Your router has no device with this id.");
}
