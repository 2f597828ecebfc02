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

    private const int Few = 128;

    private const string OfTargets = $"""
        SELECT {Columns} FROM devices.user_devices
        WHERE user_id = $1 AND router_id = $2
          AND (mac = ANY($3) OR mac IS NULL AND ip = ANY($4) OR ip = ANY($5))
        ORDER BY {Order}
        """;

    // One row more tells that there are too many.
    private static readonly string OfRouter = $"""
        SELECT {Columns}, last_seen FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 LIMIT {Few + 1}
        """;

    /// <summary>The device seen last of those that had the address.</summary>
    public static NpgsqlCommand ByAddress(NpgsqlDataSource database, Guid userId, string routerId, IPAddress address) =>
        database.Command(OfAddress, userId, routerId, address);

    /// <summary>The same, for the batch that reads the session.</summary>
    public static NpgsqlBatchCommand ByAddress(Guid userId, string routerId, IPAddress address) =>
        Sql.Statement(OfAddress, userId, routerId, address);

    /// <summary>The devices that the targets can mean. Few devices have no MAC: they are looked for by address in an index of their own.</summary>
    public static NpgsqlCommand Of(NpgsqlDataSource database, Guid userId, string routerId, IReadOnlyCollection<DeviceTarget> targets) =>
        database.Command(
            OfTargets,
            userId,
            routerId,
            targets.Select(target => target.Mac).OfType<PhysicalAddress>().Distinct().ToArray(),
            targets.Where(target => target.Mac is not null).Select(target => target.Address).Distinct().ToArray(),
            targets.Where(target => target.Mac is null).Select(target => target.Address).Distinct().ToArray()
        );

    /// <summary>All devices of a router that has few.</summary>
    public static NpgsqlBatchCommand AllOfFew(Guid userId, string routerId) => Sql.Statement(OfRouter, userId, routerId);

    /// <summary>They, in the order of the other statements, which PostgreSQL takes longer to make; null where there are more.</summary>
    public static async Task<List<KnownDevice>?> ReadFewAsync(DbDataReader result, CancellationToken cancellationToken)
    {
        var found = await result.ReadAllAsync(row => (Device: Read(row), LastSeen: row.GetFieldValue<DateTime>(6)), cancellationToken);
        return found.Count > Few
            ? null
            :
            [
                .. found
                    .OrderByDescending(row => row.Device.Online)
                    .ThenByDescending(row => row.Device.IsRouter)
                    .ThenByDescending(row => row.LastSeen)
                    .ThenByDescending(row => row.Device.Id)
                    .Select(row => row.Device),
            ];
    }

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
