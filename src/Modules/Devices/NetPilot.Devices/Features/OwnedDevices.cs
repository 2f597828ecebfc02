namespace NetPilot.Devices.Features;

/// <summary>Finds the device of a path, if it belongs to the user.</summary>
internal sealed class OwnedDevices(IRouterOwnership ownership, DevicesDbContext db)
{
    /// <exception cref="ProblemException">404 <c>router_not_found</c> or <c>device_not_found</c>.</exception>
    public async Task<UserDevice> FindAsync(Caller caller, string routerId, string deviceId, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var id = IdOf(deviceId);
        return await db.Devices.BehindRouter(router.UserId, router.RouterId).SingleOrDefaultAsync(d => d.Id == id, cancellationToken)
            ?? throw new ProblemException(DeviceNotFound());
    }

    /// <summary>The id of a path.</summary>
    /// <exception cref="ProblemException">404 <c>device_not_found</c>: it is none.</exception>
    public static Guid IdOf(string deviceId) => PathId.TryRead(deviceId, out var id) ? id : throw new ProblemException(DeviceNotFound());

    public static Problem DeviceNotFound() => new(ErrorCodes.DeviceNotFound, "Your router has no device with this id.");
}
