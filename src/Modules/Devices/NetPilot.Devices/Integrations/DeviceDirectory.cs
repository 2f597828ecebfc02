using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Data;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Devices.Integrations;

internal sealed class DeviceDirectory(NpgsqlDataSource database) : IDeviceDirectory, IDeviceLookalikes
{
    private const string Select = """
        SELECT id, ip, mac, COALESCE(device_name, hostname), device_type, online
        FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2
        """;

    public async Task<KnownDevice?> FindByAddressAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"{Select} AND ip = $3 ORDER BY online DESC, last_seen DESC, id DESC LIMIT 1",
            userId,
            routerId,
            address
        );
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    public async Task<IReadOnlyList<KnownDevice>> FindAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<PhysicalAddress> macs,
        IReadOnlyCollection<IPAddress> addresses,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"{Select} AND (mac = ANY ($3) OR ip = ANY ($4))",
            userId,
            routerId,
            macs.ToArray(),
            addresses.ToArray()
        );
        return await ReadAsync(command, cancellationToken);
    }

    async Task<IReadOnlyList<KnownDevice>> IDeviceLookalikes.FindAsync(
        Guid userId,
        string routerId,
        IPAddress address,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"{Select} AND online AND ip <> $3 AND strpos(host(ip), host($3)) > 0 ORDER BY ip, id",
            userId,
            routerId,
            address
        );
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<List<KnownDevice>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var devices = new List<KnownDevice>();
        while (await row.ReadAsync(cancellationToken))
        {
            devices.Add(
                new KnownDevice(
                    row.GetGuid(0),
                    row.GetFieldValue<IPAddress>(1),
                    row.IsDBNull(2) ? null : row.GetFieldValue<PhysicalAddress>(2),
                    row.IsDBNull(3) ? null : row.GetString(3),
                    SnakeCase.Parse<DeviceType>(row.GetString(4)) == DeviceType.Router,
                    row.GetBoolean(5)
                )
            );
        }

        return devices;
    }
}
