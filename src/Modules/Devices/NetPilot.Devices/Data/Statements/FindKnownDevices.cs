// A hot path (benchmark handwritten): each list of blocks names its devices by it.
using System.Data.Common;

namespace NetPilot.Devices.Data.Statements;

internal static class FindKnownDevices
{
    public static NpgsqlCommand Of(
        NpgsqlDataSource database,
        Guid userId,
        string routerId,
        PhysicalAddress[] macs,
        IPAddress[] addresses
    ) =>
        database.Command(
            """
            SELECT id, ip, mac, COALESCE(device_name, hostname), device_type = 'router', online FROM devices.user_devices
            WHERE user_id = $1 AND router_id = $2 AND (mac = ANY($3) OR ip = ANY($4))
            """,
            userId,
            routerId,
            macs,
            addresses
        );

    public static KnownDevice Read(DbDataReader row) =>
        new(
            row.GetGuid(0),
            row.GetFieldValue<IPAddress>(1),
            row.IsDBNull(2) ? null : row.GetFieldValue<PhysicalAddress>(2),
            row.IsDBNull(3) ? null : row.GetString(3),
            row.GetBoolean(4),
            row.GetBoolean(5)
        );
}
