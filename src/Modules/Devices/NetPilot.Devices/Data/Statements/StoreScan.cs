// Upserts in a batch: a scan is one transaction, and two round trips before its commit, whatever the number of devices.
using NetPilot.Devices.Features.ScanDevices;
using NetPilot.Devices.Vendors;
using NpgsqlTypes;

namespace NetPilot.Devices.Data.Statements;

/// <summary>What a scan stored.</summary>
/// <param name="Devices">The devices that it found, in no order.</param>
/// <param name="Added">How many of them were not stored before.</param>
/// <param name="HasMerged">Whether rows turned out to be of one device.</param>
internal sealed record StoredScan(IReadOnlyList<UserDevice> Devices, int Added, bool HasMerged);

/// <summary>
/// Stores a scan. A fact is as old as the request for its scan: if two scans overlap, the one that was requested later wins, in whatever
/// order they are stored. All writers of several devices of a router lock its row in <c>router_scans</c> first, which prevents deadlocks.
/// </summary>
internal sealed class StoreScan(NpgsqlDataSource database, DependentsOfDevices dependents, TimeProvider time)
{
    // $1 user, $2 router, $3 the time of the request. $4 and on: the latest plausible time; or the devices' ids, addresses, MACs, hostnames,
    // vendors and makers ({Seen}); or the pairs of address and MAC ({Pairs}).
    private const string LockRouter = """
        INSERT INTO devices.router_scans AS scan (user_id, router_id, scanned_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, router_id) DO UPDATE
            SET scanned_at = CASE WHEN scan.scanned_at > $4 THEN $3 ELSE GREATEST(scan.scanned_at, $3) END
        """;

    // If the planner takes a router for small, it compares each record with each row. This forbids that for the transaction.
    private const string CompareByHash = "SELECT WHERE set_config('enable_nestloop', 'off', true) IS NULL";

    // A time in the future, left by a wrong clock, would make each scan until then lose.
    private const string CorrectFuture = """
        UPDATE devices.user_devices
        SET last_seen = $3 - interval '1 microsecond', first_seen = LEAST(first_seen, $3 - interval '1 microsecond')
        WHERE user_id = $1 AND router_id = $2 AND last_seen > $4
        """;

    private const string IsNewest = "(SELECT scanned_at = $3 FROM devices.router_scans WHERE user_id = $1 AND router_id = $2)";

    private const string Seen = "unnest($4, $5, $6, $7, $8, $9) AS seen (id, ip, mac, hostname, vendor, maker)";

    // As a rule the router knows each device's MAC. What concerns devices without one is then left out, which are the dearest statements.
    private const string HasNameless =
        "SELECT EXISTS (SELECT 1 FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 AND mac IS NULL)";

    internal const string Pairs = "unnest($4, $5) WITH ORDINALITY AS pair (ip, mac, nr)";

    // A device without a MAC gets the MAC that the scan shows at its address, unless that MAC belongs to a known device, or the scan shows the
    // MAC of a known device that had this address.
    private const string GiveMacs = $"""
        WITH claim AS (
            SELECT DISTINCT ON (nameless.id) nameless.id, pair.mac, pair.nr
            FROM devices.user_devices AS nameless JOIN {Pairs} ON pair.ip = nameless.ip
            WHERE nameless.user_id = $1 AND nameless.router_id = $2 AND nameless.mac IS NULL AND nameless.last_seen <= $3
              AND NOT EXISTS (
                SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.mac = pair.mac)
              AND NOT EXISTS (
                SELECT 1 FROM devices.user_devices AS other
                WHERE other.user_id = $1 AND other.router_id = $2 AND other.ip = nameless.ip AND other.mac = ANY ($5))
            ORDER BY nameless.id, pair.nr
        )
        UPDATE devices.user_devices AS device SET mac = claim.mac
        FROM (SELECT DISTINCT ON (mac) id, mac FROM claim ORDER BY mac, nr) AS claim
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.id = claim.id
        """;

    // The router's values come first, then the stored ones, then the registry's.
    private const string Update = $"""
        UPDATE devices.user_devices AS device SET
            ip = seen.ip,
            hostname = COALESCE(seen.hostname, device.hostname),
            manufacturer = COALESCE(seen.vendor, device.manufacturer, seen.maker),
            last_seen = $3,
            online = {IsNewest}
        """;

    private const string Insert = $"""
        INSERT INTO devices.user_devices AS device
            (id, user_id, router_id, ip, mac, hostname, manufacturer, device_type, first_seen, last_seen, online, is_new)
        SELECT id, $1, $2, ip, mac, hostname, COALESCE(vendor, maker), 'other', $3, $3, {IsNewest}, true FROM {Seen}
        """;

    private static readonly string Stored =
        "RETURNING " + string.Join(", ", UserDevice.Columns.Split(", ").Select(column => $"device.{column}"));

    private static readonly string UpdateByMac = $"""
        {Update} FROM {Seen}
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.mac = seen.mac AND device.last_seen <= $3
        {Stored}
        """;

    private static readonly string InsertByMac = $"""
        {Insert}
        WHERE mac IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.mac = seen.mac)
        {Stored}
        """;

    // The device that a record without a MAC means: the known device at its address, else the device without a MAC. The MACs are written first,
    // so a device that the same scan shows at another address is not among them.
    internal const string Holders = $"""
        SELECT DISTINCT ON (seen.ip) seen.ip, seen.hostname, seen.vendor, seen.maker, device.id
        FROM {Seen} JOIN devices.user_devices AS device ON device.ip = seen.ip
        WHERE seen.mac IS NULL AND device.user_id = $1 AND device.router_id = $2
        ORDER BY seen.ip, device.mac IS NULL, device.online DESC, device.last_seen DESC, device.id DESC
        """;

    private static readonly string UpdateByAddress = $"""
        {Update} FROM ({Holders}) AS seen
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.id = seen.id AND device.last_seen <= $3
        {Stored}
        """;

    private static readonly string InsertByAddress = $"""
        {Insert}
        WHERE mac IS NULL AND NOT EXISTS (
            SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.ip = seen.ip)
        {Stored}
        """;

    private const string MarkAbsent = $"""
        UPDATE devices.user_devices SET online = false
        WHERE user_id = $1 AND router_id = $2 AND online AND last_seen < $3 AND {IsNewest}
        """;

    private const string FoundByMac = $"""
        SELECT {UserDevice.Columns} FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2 AND mac = ANY ($3)
        """;

    private const string FoundByAddress = $"""
        SELECT {UserDevice.Columns} FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2 AND id IN (SELECT id FROM ({Holders}) AS holder)
        """;

    public Task<StoredScan> RunAsync(
        OwnedRouter router,
        ScanFindings findings,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    ) => DatabaseRetry.RunAsync(token => RunOnceAsync(router, findings, scannedAt, token), cancellationToken);

    private async Task<StoredScan> RunOnceAsync(
        OwnedRouter router,
        ScanFindings findings,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    )
    {
        var devices = findings.Devices;
        object[] scan = [router.UserId, router.RouterId, scannedAt];
        object[] believed = [.. scan, time.UtcNow() + DatabaseClock.ToleratedSkew];
        object[] pairs =
        [
            .. scan,
            findings.Sightings.Select(pair => pair.Address).ToArray(),
            findings.Sightings.Select(pair => pair.Mac).ToArray(),
        ];
        var ids = devices.Select(_ => time.NewId()).ToArray();
        object[] seen =
        [
            .. scan,
            ids,
            devices.Select(device => device.Address).ToArray(),
            devices.Select(device => device.Mac).ToArray(),
            devices.Select(device => device.Hostname).ToArray(),
            devices.Select(device => device.Vendor).ToArray(),
            devices.Select(device => device.Mac is { } mac ? VendorRegistry.MakerOf(mac) : null).ToArray(),
        ];
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isOneStored = await BeginAsync(transaction, scan, believed, cancellationToken);
        var isOneSeen = devices.Any(device => device.Mac is null);
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (isOneStored)
        {
            Add(batch, GiveMacs, pairs);
        }

        Add(batch, UpdateByMac, seen);
        Add(batch, InsertByMac, seen);
        if (isOneStored)
        {
            Add(batch, MergeNameless.ByMac, pairs);
        }

        if (isOneSeen)
        {
            Add(batch, UpdateByAddress, seen);
            Add(batch, InsertByAddress, seen);
            Add(batch, MergeNameless.ByAddress, seen);
        }

        Add(batch, MarkAbsent, scan);
        var (found, merges) = await ReadAsync(batch, router, cancellationToken);
        if (merges.Count > 0 || found.Count < devices.Count)
        {
            // Rows were merged, or a scan that was requested later has seen these devices already.
            await using var again = new NpgsqlBatch(connection, transaction);
            Add(
                again,
                FoundByMac,
                [router.UserId, router.RouterId, devices.Select(device => device.Mac).OfType<PhysicalAddress>().ToArray()]
            );
            if (isOneSeen)
            {
                Add(again, FoundByAddress, seen);
            }

            (found, _) = await ReadAsync(again, router, cancellationToken);
        }

        if (merges.Count > 0)
        {
            await dependents.MergeAsync(merges, transaction, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new StoredScan([.. found.Values], ids.Count(found.ContainsKey), merges.Count > 0);
    }

    /// <summary>Locks the router, and gives whether a device without a MAC is stored.</summary>
    private static async Task<bool> BeginAsync(
        NpgsqlTransaction transaction,
        object[] scan,
        object[] believed,
        CancellationToken cancellationToken
    )
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        Add(batch, LockRouter, believed);
        Add(batch, CompareByHash, []);
        Add(batch, CorrectFuture, believed);
        Add(batch, HasNameless, scan[..2]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        // Of the statements, this one alone has rows.
        while (!await reader.ReadAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
        }

        return reader.GetBoolean(0);
    }

    private static async Task<(Dictionary<Guid, UserDevice> Found, List<DeviceMerge> Merges)> ReadAsync(
        NpgsqlBatch batch,
        OwnedRouter router,
        CancellationToken cancellationToken
    )
    {
        var found = new Dictionary<Guid, UserDevice>();
        var merges = new List<DeviceMerge>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            if (MergeNameless.IsResult(reader))
            {
                merges.AddRange(
                    await reader.ReadAllAsync(row => MergeNameless.Read(router.UserId, router.RouterId, row), cancellationToken)
                );
                continue;
            }

            foreach (var device in await reader.ReadAllAsync(UserDevice.Read, cancellationToken))
            {
                found[device.Id] = device;
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return (found, merges);
    }

    // Npgsql cannot infer the type of an array with null elements.
    private static void Add(NpgsqlBatch batch, string sql, object[] values) =>
        batch.With(
            sql,
            [
                .. values.Select(value =>
                    value switch
                    {
                        PhysicalAddress?[] => new NpgsqlParameter
                        {
                            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.MacAddr,
                            Value = value,
                        },
                        string?[] => new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = value },
                        IPAddress[] => new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Inet, Value = value },
                        _ => value,
                    }
                ),
            ]
        );
}
