// A hot path (benchmark handwritten): part of another module's batch, by which each list of devices says which ones are blocked.

namespace NetPilot.Blacklist.Data.Statements;

internal static class FindBlockedDevices
{
    public static NpgsqlBatchCommand Of(Guid userId, string routerId, PhysicalAddress[] macs, IPAddress[] addresses) =>
        Sql.Statement(
            """
            SELECT device_mac, device_ip FROM blacklist.user_blacklists
            WHERE user_id = $1 AND router_id = $2 AND state IN ('blocked', 'lifting')
              AND (device_mac = ANY($3) OR device_ip = ANY($4))
            """,
            userId,
            routerId,
            macs,
            addresses
        );
}
