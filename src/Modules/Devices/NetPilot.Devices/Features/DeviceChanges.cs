namespace NetPilot.Devices.Features;

/// <summary>Deletes and merges devices, each in one transaction with what other modules keep of them.</summary>
internal sealed class DeviceChanges(NpgsqlDataSource database, DependentsOfDevices dependents)
{
    /// <exception cref="ProblemException">404 <c>device_not_found</c>.</exception>
    public async Task DeleteAsync(OwnedRouter router, CommandActor actor, Guid id, CancellationToken cancellationToken)
    {
        await InTransactionAsync(
            async (transaction, token) =>
            {
                var device = await FindAsync(transaction, router, id, token);
                await transaction.DeleteAsync(device, token);
                await dependents.DeleteAsync(new DeviceRemoval(router.UserId, router.RouterId, device.AsKnown()), transaction, token);
                return device;
            },
            cancellationToken
        );
        await dependents.FollowAsync(router, actor, cancellationToken);
    }

    /// <summary>What is kept of one device is kept of the other one from now on, and its row goes.</summary>
    /// <exception cref="ProblemException">
    /// 404 <c>device_not_found</c>; 409 <c>device_online</c>: the last scan saw both, so that they are two; or another module's refusal.
    /// </exception>
    /// <returns>The device that stays, as it is then.</returns>
    public async Task<UserDevice> MergeAsync(
        OwnedRouter router,
        CommandActor actor,
        Guid from,
        Guid into,
        CancellationToken cancellationToken
    )
    {
        var merged = await InTransactionAsync(
            async (transaction, token) =>
            {
                var devices = await transaction.LockDevicesAsync(router.UserId, router.RouterId, [from, into], token);
                var gone = devices.Find(device => device.Id == from) ?? throw new ProblemException(OwnedDevices.DeviceNotFound());
                var kept = devices.Find(device => device.Id == into) ?? throw new ProblemException(IntoNotFound());
                if (gone.Online && kept.Online)
                {
                    throw new ProblemException(BothOnline());
                }

                var stored = await transaction.MergeAsync(gone, kept, token);
                var merge = new DeviceMerge(router.UserId, router.RouterId, gone.AsKnown(), kept.AsKnown(), ByScan: false);
                await dependents.MergeAsync([merge], transaction, token);
                return stored;
            },
            cancellationToken
        );
        await dependents.FollowAsync(router, actor, cancellationToken);
        return merged;
    }

    private static async Task<UserDevice> FindAsync(NpgsqlTransaction transaction, OwnedRouter router, Guid id, CancellationToken token) =>
        (await transaction.LockDevicesAsync(router.UserId, router.RouterId, [id], token)) is [var device]
            ? device
            : throw new ProblemException(OwnedDevices.DeviceNotFound());

    private Task<T> InTransactionAsync<T>(Func<NpgsqlTransaction, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var connection = await database.OpenConnectionAsync(token);
                await using var transaction = await connection.BeginTransactionAsync(token);
                var result = await work(transaction, token);
                await transaction.CommitAsync(token);
                return result;
            },
            cancellationToken
        );

    private static Problem IntoNotFound() => new(ErrorCodes.DeviceNotFound, "Your router has no device with the id of `into`.");

    private static Problem BothOnline() =>
        new(ErrorCodes.DeviceOnline, "The last scan saw both devices, so that they are two. One of them has to be offline.");
}
