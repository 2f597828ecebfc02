using System.Linq.Expressions;

namespace NetPilot.Devices.Integrations;

internal sealed class DeviceDirectory(IDbContextFactory<DevicesDbContext> contexts, NpgsqlDataSource database, NamedDevice named)
    : IDeviceDirectory
{
    private static readonly Expression<Func<UserDevice, KnownDevice>> Known = device => new KnownDevice(
        device.Id,
        device.Ip,
        device.Mac,
        device.DeviceName ?? device.Hostname,
        device.DeviceType == DeviceType.Router,
        device.Online
    );

    public async Task<KnownDevice?> FindByAddressAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken)
    {
        if (named.TryTake(userId, routerId, address, out var device))
        {
            return device;
        }

        await using var command = FindKnownDevices.ByAddress(database, userId, routerId, address);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? FindKnownDevices.Read(reader) : null;
    }

    public async Task<IReadOnlyList<KnownDevice>> FindAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<DeviceTarget> targets,
        CancellationToken cancellationToken
    )
    {
        await using var command = FindKnownDevices.Of(database, userId, routerId, targets);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }

    public DbBatchCommand AllOfFew(Guid userId, string routerId) => FindKnownDevices.AllOfFew(userId, routerId);

    public async Task<IReadOnlyList<KnownDevice>?> ReadFewAsync(DbDataReader result, CancellationToken cancellationToken) =>
        await FindKnownDevices.ReadFewAsync(result, cancellationToken);

    public async Task<IReadOnlyList<KnownDevice>> KeepAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> ids,
        DbTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var batch = FindKnownDevices.Kept((NpgsqlTransaction)transaction, userId, routerId, [.. ids]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }

    public async Task<IReadOnlyList<KnownDevice>> LookUpAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> ids,
        IReadOnlyCollection<IPAddress> addresses,
        CancellationToken cancellationToken
    )
    {
        Guid[] wantedIds = [.. ids];
        IPAddress[] wantedAddresses = [.. addresses];
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Devices.BehindRouter(userId, routerId)
            .Where(device => wantedIds.Contains(device.Id) || wantedAddresses.Contains(device.Ip))
            .OrderByDescending(device => device.Online)
            .ThenByDescending(device => device.DeviceType == DeviceType.Router)
            .ThenByDescending(device => device.LastSeen)
            .ThenByDescending(device => device.Id)
            .Select(Known)
            .ToListAsync(cancellationToken);
    }

    public async Task<Lookalikes> FindLookalikesAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken)
    {
        var text = address.ToString();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db
            .Scans.Where(scan => scan.UserId == userId && scan.RouterId == routerId)
            .Select(scan => new
            {
                scan.ScannedAt,
                Devices = db
                    .Devices.BehindRouter(userId, routerId)
                    .Where(device => device.Online && device.Ip != address && DevicesDbContext.Host(device.Ip).Contains(text))
                    .OrderBy(device => device.Ip)
                    .ThenBy(device => device.Id)
                    .Select(Known)
                    .ToList(),
            })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null ? new Lookalikes([], null) : new Lookalikes(found.Devices, found.ScannedAt);
    }

    private static Task<List<KnownDevice>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken) =>
        reader.ReadAllAsync(row => FindKnownDevices.Read(row), cancellationToken);
}
