using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Features;

/// <summary>Finds the device of a path, if it belongs to the user.</summary>
internal sealed class OwnedDevices(IRouterOwnership ownership, DevicesDbContext db)
{
    /// <exception cref="ProblemException">404 <c>router_not_found</c> or <c>device_not_found</c>.</exception>
    public async Task<UserDevice> FindAsync(Guid userId, string routerId, string deviceId, CancellationToken cancellationToken)
    {
        var router = await ownership.FindAsync(userId, routerId, cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());
        var device = Guid.TryParseExact(deviceId, "D", out var id)
            ? await db.Devices.BehindRouter(router.UserId, router.RouterId).SingleOrDefaultAsync(d => d.Id == id, cancellationToken)
            : null;
        return device ?? throw new ProblemException(DeviceNotFound());
    }

    public static Problem DeviceNotFound() => Problem.NotFound(ErrorCodes.DeviceNotFound, "Your router has no device with this id.");
}
