using System.Net;
using NetPilot.CommandsClient;
using NetPilot.Devices.Vendors;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>
/// Writes what a scan found, in one round trip that is one transaction, whatever the number of devices. Facts are as old as the asking for
/// the scan: where two scans overlap, the one that was asked for later has the last word, whichever is stored last.
/// </summary>
internal sealed class ScanStore(NpgsqlDataSource database, TimeProvider time)
{
    // $1 user, $2 router, $3 when the scan was asked for; where there are devices: $4 ids, $5 addresses, $6 MACs, $7 hostnames, $8 vendors.
    private const string LockRouter = """
        INSERT INTO devices.router_scans AS scan (user_id, router_id, scanned_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, router_id) DO UPDATE SET scanned_at = GREATEST(scan.scanned_at, $3)
        """;

    private const string IsNewest = "(SELECT scanned_at = $3 FROM devices.router_scans WHERE user_id = $1 AND router_id = $2)";

    private const string Seen = "unnest($4, $5, $6, $7, $8) AS seen (id, ip, mac, hostname, vendor)";

    private const string GiveMacs = $"""
        UPDATE devices.user_devices AS device SET mac = found.mac
        FROM (SELECT DISTINCT ON (ip) ip, mac FROM {Seen} WHERE mac IS NOT NULL ORDER BY ip, mac) AS found
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.mac IS NULL AND device.ip = found.ip AND device.last_seen <= $3
          AND NOT EXISTS (
            SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.mac = found.mac)
        """;

    private const string Insert = $"""
        INSERT INTO devices.user_devices AS device
            (id, user_id, router_id, ip, mac, hostname, manufacturer, device_type, first_seen, last_seen, online)
        SELECT id, $1, $2, ip, mac, hostname, vendor, 'other', $3, $3, {IsNewest} FROM {Seen}
        """;

    private const string Update = $"""
        DO UPDATE SET
            ip = excluded.ip,
            hostname = COALESCE(excluded.hostname, device.hostname),
            manufacturer = COALESCE(excluded.manufacturer, device.manufacturer),
            last_seen = excluded.last_seen,
            online = excluded.online
        WHERE device.last_seen <= excluded.last_seen
        RETURNING xmax = 0
        """;

    private const string UpsertByMac = $"{Insert} WHERE mac IS NOT NULL ORDER BY mac ON CONFLICT (user_id, router_id, mac) {Update}";

    private const string UpsertByAddress =
        $"{Insert} WHERE mac IS NULL ORDER BY ip ON CONFLICT (user_id, router_id, ip) WHERE mac IS NULL {Update}";

    private const string MarkAbsent = $"""
        UPDATE devices.user_devices SET online = false
        WHERE user_id = $1 AND router_id = $2 AND online AND last_seen < $3 AND {IsNewest}
        """;

    /// <summary>Stores the devices, and says how many of them were new.</summary>
    public async Task<int> SaveAsync(
        OwnedRouter router,
        IReadOnlyList<ScannedDevice> devices,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database.CreateBatch();
        NpgsqlBatchCommand Add(string sql)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = router.UserId });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = router.RouterId });
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = scannedAt });
            batch.BatchCommands.Add(command);
            return command;
        }

        Add(LockRouter);
        foreach (var sql in new[] { GiveMacs, UpsertByMac, UpsertByAddress })
        {
            var parameters = Add(sql).Parameters;
            parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. devices.Select(_ => time.NewId())] });
            parameters.Add(new NpgsqlParameter<IPAddress[]> { TypedValue = [.. devices.Select(device => device.Address)] });
            parameters.Add(OfNullable(NpgsqlDbType.MacAddr, devices.Select(device => device.Mac)));
            parameters.Add(OfNullable(NpgsqlDbType.Text, devices.Select(device => device.Hostname)));
            parameters.Add(OfNullable(NpgsqlDbType.Text, devices.Select(MakerOf)));
        }

        Add(MarkAbsent);
        var added = 0;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                added += reader.GetBoolean(0) ? 1 : 0;
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return added;
    }

    private static string? MakerOf(ScannedDevice device) =>
        device.Vendor ?? (device.Mac is null ? null : VendorRegistry.MakerOf(device.Mac));

    private static NpgsqlParameter OfNullable<T>(NpgsqlDbType type, IEnumerable<T?> values)
        where T : class => new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = values.ToArray() };
}
