// Hot paths (benchmark handwritten): each list of blocks names its devices by it, and each block and unblock finds its device.

namespace NetPilot.Devices.Data.Statements;

internal static class FindKnownDevices
{
    private const string Columns = "id, ip, mac, COALESCE(device_name, hostname), device_type = 'router', online";

    // The router goes before others at its address, which is not to be blocked.
    private const string Order = "online DESC, device_type = 'router' DESC, last_seen DESC, id DESC";

    private const string OfAddress = $"""
        SELECT {Columns} FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 AND ip = $3
        ORDER BY {Order} LIMIT 1
        """;

    private static readonly string OfTargetsGiven = OfTargets("$3", "$4", "$5");

    private static readonly string OfTargetsLeft = OfTargets(
        Left(TargetsOfBatch.Macs, "macaddr"),
        Left(TargetsOfBatch.AddressesOfMacs, "inet"),
        Left(TargetsOfBatch.Addresses, "inet")
    );

    /// <summary>The device seen last of those that had the address.</summary>
    public static NpgsqlCommand ByAddress(NpgsqlDataSource database, Guid userId, string routerId, IPAddress address) =>
        database.Command(OfAddress, userId, routerId, address);

    /// <summary>The same, for the batch that reads the session.</summary>
    public static NpgsqlBatchCommand ByAddress(Guid userId, string routerId, IPAddress address) =>
        Sql.Statement(OfAddress, userId, routerId, address);

    /// <summary>The devices that the targets can mean. Few devices have no MAC: they are looked for by address in an index of their own.</summary>
    public static NpgsqlCommand Of(NpgsqlDataSource database, Guid userId, string routerId, IReadOnlyCollection<DeviceTarget> targets) =>
        database.Command(
            OfTargetsGiven,
            userId,
            routerId,
            targets.Select(target => target.Mac).OfType<PhysicalAddress>().Distinct().ToArray(),
            targets.Where(target => target.Mac is not null).Select(target => target.Address).Distinct().ToArray(),
            targets.Where(target => target.Mac is null).Select(target => target.Address).Distinct().ToArray()
        );

    /// <summary>The same for targets that a statement before it in the batch left.</summary>
    public static NpgsqlBatchCommand OfBatch(Guid userId, string routerId) => Sql.Statement(OfTargetsLeft, userId, routerId);

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

    private static string OfTargets(string macs, string addressesOfMacs, string addresses) =>
        $"""
            SELECT {Columns} FROM devices.user_devices
            WHERE user_id = $1 AND router_id = $2
              AND (mac = ANY({macs}) OR mac IS NULL AND ip = ANY({addressesOfMacs}) OR ip = ANY({addresses}))
            ORDER BY {Order}
            """;

    // A query of its own is run once, and not for each row. A setting that an earlier transaction of the connection had is empty, and not null.
    private static string Left(string setting, string type) =>
        $"(SELECT NULLIF(current_setting('{setting}', true), '')::{type}[])::{type}[]";

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
