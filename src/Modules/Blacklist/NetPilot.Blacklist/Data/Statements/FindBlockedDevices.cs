// A hot path (benchmark handwritten): each list of devices says by it which ones are blocked.
using Npgsql;

namespace NetPilot.Blacklist.Data.Statements;

internal static class FindBlockedDevices
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
            SELECT device_mac, device_ip FROM blacklist.user_blacklists
            WHERE user_id = $1 AND router_id = $2 AND state IN ('blocked', 'lifting')
              AND (device_mac = ANY($3) OR (device_mac IS NULL AND device_ip = ANY($4)))
            """,
            userId,
            routerId,
            macs,
            addresses
        );
}
