// Dependent steps in one statement: which rows are of one device, which of them goes, and what the other one takes from it.

namespace NetPilot.Devices.Data.Statements;

/// <summary>Steps of a scan's batch: rows without a MAC are merged into the known devices that they turn out to be.</summary>
internal static class MergeNameless
{
    // Merges devices without a MAC into the known devices that they turn out to be. Two different names are two devices. If an address has
    // several MACs, the device that is known longest takes the row.
    private const string MergeInto = $"""
        , choice AS (
            SELECT DISTINCT ON (nameless.id) nameless.id, device.id AS device_id, nameless.device_name, device.device_name AS own_name
            FROM devices.user_devices AS nameless
            JOIN holder ON holder.ip = nameless.ip
            JOIN devices.user_devices AS device ON device.user_id = $1 AND device.router_id = $2 AND device.id = holder.id
            WHERE nameless.user_id = $1 AND nameless.router_id = $2 AND nameless.mac IS NULL AND nameless.last_seen <= $3
              AND device.mac IS NOT NULL
              AND (nameless.device_name IS NULL OR device.device_name IS NULL OR nameless.device_name = device.device_name)
            ORDER BY nameless.id, device.first_seen, device.id
        ), named AS (
            SELECT id, device_id, device_name, COALESCE(own_name, min(device_name) OVER (PARTITION BY device_id)) AS kept_name FROM choice
        ), merged AS (
            DELETE FROM devices.user_devices AS nameless USING named
            WHERE nameless.user_id = $1 AND nameless.router_id = $2 AND nameless.id = named.id AND (named.device_name IS NULL OR named.device_name = named.kept_name)
            RETURNING named.device_id, nameless.id, nameless.ip, nameless.hostname, nameless.device_name, nameless.device_type,
                nameless.manufacturer, nameless.first_seen, nameless.online, nameless.is_new
        ), updated AS (
            UPDATE devices.user_devices AS device SET
                {ChangeDeviceRow.TakeOver}
            FROM (
                SELECT device_id, min(device_name) AS device_name, min(NULLIF(device_type, 'other')) AS device_type, min(hostname) AS hostname,
                    min(manufacturer) AS manufacturer, min(first_seen) AS first_seen, bool_and(is_new) AS is_new
                FROM merged GROUP BY device_id
            ) AS gone
            WHERE device.user_id = $1 AND device.router_id = $2 AND device.id = gone.device_id
            RETURNING device.*
        )
        SELECT merged.id AS gone_id, merged.ip, NULL::macaddr, COALESCE(merged.device_name, merged.hostname), merged.device_type = 'router', merged.online,
            updated.id, updated.ip, updated.mac, COALESCE(updated.device_name, updated.hostname), updated.device_type = 'router', updated.online
        FROM merged JOIN updated ON updated.id = merged.device_id
        """;

    public const string ByMac = $"""
        WITH holder AS (
            SELECT pair.ip, device.id FROM {ScanSteps.Pairs} JOIN devices.user_devices AS device ON device.mac = pair.mac
            WHERE device.user_id = $1 AND device.router_id = $2
        ){MergeInto}
        """;

    public const string ByAddress = $"WITH holder AS ({ScanSteps.Holders}){MergeInto}";

    /// <summary>Whether the result is that of a merge, and not devices that the scan found.</summary>
    public static bool IsResult(DbDataReader result) => result.FieldCount > 0 && result.GetName(0) == "gone_id";

    public static DeviceMerge Read(Guid userId, string routerId, DbDataReader row) =>
        new(userId, routerId, FindKnownDevices.Read(row), FindKnownDevices.Read(row, first: 6), ByScan: true);
}
