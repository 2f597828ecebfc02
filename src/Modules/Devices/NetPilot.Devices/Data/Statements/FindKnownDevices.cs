// Hot paths (benchmark handwritten): each list of blocks names its devices by it, and each block and unblock finds its device.

namespace NetPilot.Devices.Data.Statements;

internal static class FindKnownDevices
{
    private const string Columns = "id, ip, mac, COALESCE(device_name, hostname), device_type = 'router', online";

    // The router goes before others at its address, which is not to be blocked.
    private const string Order = "online DESC, device_type = 'router' DESC, last_seen DESC, id DESC";

    /// <summary>The device seen last of those that had the address.</summary>
    public static NpgsqlCommand ByAddress(NpgsqlDataSource database, Guid userId, string routerId, IPAddress address) =>
        database.Command(
            $"""
            SELECT {Columns} FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 AND ip = $3
            ORDER BY {Order} LIMIT 1
            """,
            userId,
            routerId,
            address
        );

    /// <summary>The devices that the targets can mean. Few devices have no MAC: they are looked for by address in an index of their own.</summary>
    public static NpgsqlCommand Of(NpgsqlDataSource database, Guid userId, string routerId, IReadOnlyCollection<DeviceTarget> targets) =>
        database.Command(
            $"""
            SELECT {Columns} FROM devices.user_devices
            WHERE user_id = $1 AND router_id = $2 AND (mac = ANY($3) OR mac IS NULL AND ip = ANY($4) OR ip = ANY($5))
            ORDER BY {Order}
            """,
            userId,
            routerId,
            targets.Select(target => target.Mac).OfType<PhysicalAddress>().Distinct().ToArray(),
            targets.Where(target => target.Mac is not null).Select(target => target.Address).Distinct().ToArray(),
            targets.Where(target => target.Mac is null).Select(target => target.Address).Distinct().ToArray()
        );

    /// <summary>The devices with these ids. Whoever deletes or merges devices of the router has the row locked that is locked here.</summary>
    public static NpgsqlBatch Kept(NpgsqlTransaction transaction, Guid userId, string routerId, Guid[] ids) =>
        new NpgsqlBatch(transaction.Connection, transaction)
            .With("SELECT 1 FROM devices.router_scans WHERE user_id = $1 AND router_id = $2 FOR SHARE", userId, routerId)
            .With(
                $"SELECT {Columns} FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 AND id = ANY($3)",
                userId,
                routerId,
                ids
            );

    public static KnownDevice Read(DbDataReader row, int first = 0) =>
        new(
            row.GetGuid(first),
            row.GetFieldValue<IPAddress>(first + 1),
            row.Nullable<PhysicalAddress>(first + 2),
            row.Nullable<string>(first + 3),
            row.GetBoolean(first + 4),
            row.GetBoolean(first + 5)
        );
}
