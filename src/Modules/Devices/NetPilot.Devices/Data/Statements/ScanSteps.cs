// Upserts in a batch, and dependent steps: which row a record means depends on what the steps before it have written.

namespace NetPilot.Devices.Data.Statements;

/// <summary>The steps of <see cref="StoreScan"/>.</summary>
internal static class ScanSteps
{
    // $1 user, $2 router, $3 the time of the request. $4 and on: the latest plausible time; or the devices' ids, addresses, MACs, hostnames,
    // vendors and makers ({Seen}); or the pairs of address and MAC ({Pairs}).
    public const string LockRouter = """
        INSERT INTO devices.router_scans AS scan (user_id, router_id, scanned_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, router_id) DO UPDATE
            SET scanned_at = CASE WHEN scan.scanned_at > $4 THEN $3 ELSE GREATEST(scan.scanned_at, $3) END
        """;

    // If the planner takes a router for small, it compares each record with each row. This forbids that for the transaction.
    public const string CompareByHash = "SELECT WHERE set_config('enable_nestloop', 'off', true) IS NULL";

    // A time in the future, left by a wrong clock, would make each scan until then lose.
    public const string CorrectFuture = """
        UPDATE devices.user_devices
        SET last_seen = $3 - interval '1 microsecond', first_seen = LEAST(first_seen, $3 - interval '1 microsecond')
        WHERE user_id = $1 AND router_id = $2 AND last_seen > $4
        """;

    private const string IsNewest = "(SELECT scanned_at = $3 FROM devices.router_scans WHERE user_id = $1 AND router_id = $2)";

    private const string Seen = "unnest($4, $5, $6, $7, $8, $9) AS seen (id, ip, mac, hostname, vendor, maker)";

    private const string AllNamed =
        "NOT EXISTS (SELECT 1 FROM devices.user_devices AS nameless WHERE nameless.user_id = $1 AND nameless.router_id = $2 AND nameless.mac IS NULL)";

    /// <summary>Whether the router has no device without a MAC.</summary>
    public const string AreAllNamed = $"SELECT {AllNamed}";

    public const string Pairs = "unnest($4, $5) WITH ORDINALITY AS pair (ip, mac, nr)";

    // A device without a MAC gets the MAC that the scan shows at its address, unless that MAC belongs to a known device, or the scan shows the
    // MAC of a known device that had this address.
    public const string GiveMacs = $"""
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

    private const string Update = $"UPDATE devices.user_devices AS device SET ip = seen.ip, last_seen = $3, online = {IsNewest}";

    // The router's values come first, then the stored ones, then the registry's.
    private const string Names =
        "hostname = COALESCE(seen.hostname, device.hostname), manufacturer = COALESCE(seen.vendor, device.manufacturer, seen.maker)";

    // A record without a MAC can be of a guest at the address: it tells a device with a MAC only what that lacks.
    private const string NamesByAddress = """
        hostname = CASE WHEN device.mac IS NULL THEN COALESCE(seen.hostname, device.hostname) ELSE COALESCE(device.hostname, seen.hostname) END,
        manufacturer = CASE WHEN device.mac IS NULL THEN COALESCE(seen.vendor, device.manufacturer, seen.maker)
            ELSE COALESCE(device.manufacturer, seen.vendor, seen.maker) END
        """;

    private const string Insert = $"""
        INSERT INTO devices.user_devices AS device
            (id, user_id, router_id, ip, mac, hostname, manufacturer, device_type, first_seen, last_seen, online, is_new)
        SELECT id, $1, $2, ip, mac, hostname, COALESCE(vendor, maker), 'other', $3, $3, {IsNewest}, true FROM {Seen}
        """;

    private static readonly string Stored = $"RETURNING {UserDevice.ColumnsOfDevice}";

    private const string UpdatesByMac = $"""
        {Update}, {Names} FROM {Seen}
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.mac = seen.mac AND device.last_seen <= $3
        """;

    private const string InsertsByMac = $"""
        {Insert}
        WHERE mac IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.mac = seen.mac)
        """;

    public static readonly string UpdateByMac = $"{UpdatesByMac} {Stored}";

    public static readonly string InsertByMac = $"{InsertsByMac} {Stored}";

    // The same, for a router that has no device without a MAC. They change nothing on another router.
    public static readonly string UpdateNamed = $"{UpdatesByMac} AND {AllNamed} {Stored}";

    public static readonly string InsertNamed = $"{InsertsByMac} AND {AllNamed} {Stored}";

    public const string MarkNamedAbsent = $"{MarkAbsent} AND {AllNamed}";

    // The device that a record without a MAC means: the known device at its address, else the device without a MAC. The MACs are written first,
    // so a device that the same scan shows at another address is not among them.
    public const string Holders = $"""
        SELECT DISTINCT ON (seen.ip) seen.ip, seen.hostname, seen.vendor, seen.maker, device.id
        FROM {Seen} JOIN devices.user_devices AS device ON device.ip = seen.ip
        WHERE seen.mac IS NULL AND device.user_id = $1 AND device.router_id = $2
        ORDER BY seen.ip, device.mac IS NULL, device.online DESC, device.last_seen DESC, device.id DESC
        """;

    public static readonly string UpdateByAddress = $"""
        {Update}, {NamesByAddress} FROM ({Holders}) AS seen
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.id = seen.id AND device.last_seen <= $3
        {Stored}
        """;

    public static readonly string InsertByAddress = $"""
        {Insert}
        WHERE mac IS NULL AND NOT EXISTS (
            SELECT 1 FROM devices.user_devices AS other WHERE other.user_id = $1 AND other.router_id = $2 AND other.ip = seen.ip)
        {Stored}
        """;

    public const string MarkAbsent = $"""
        UPDATE devices.user_devices SET online = false
        WHERE user_id = $1 AND router_id = $2 AND online AND last_seen < $3 AND {IsNewest}
        """;

    public const string FoundByMac = $"""
        SELECT {UserDevice.Columns} FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2 AND mac = ANY ($3)
        """;

    public const string FoundByAddress = $"""
        SELECT {UserDevice.Columns} FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2 AND id IN (SELECT id FROM ({Holders}) AS holder)
        """;
}
