// Row locks, and steps of a transaction that other modules write in too: EF Core has no FOR UPDATE, and its contexts have connections of their own.

namespace NetPilot.Devices.Data.Statements;

/// <summary>The rows of devices that go or are merged. All of it runs in one transaction with what other modules keep of the devices.</summary>
internal static class ChangeDeviceRow
{
    /// <summary>The devices of a router with these ids, locked. Scans that are being stored hold the router's row, which is locked first.</summary>
    public static async Task<List<UserDevice>> LockDevicesAsync(
        this NpgsqlTransaction transaction,
        Guid userId,
        string routerId,
        Guid[] ids,
        CancellationToken cancellationToken
    )
    {
        await using var batch = BatchIn(transaction);
        batch
            .With("SELECT 1 FROM devices.router_scans WHERE user_id = $1 AND router_id = $2 FOR UPDATE", userId, routerId)
            .With(
                $"""
                SELECT {UserDevice.Columns} FROM devices.user_devices
                WHERE user_id = $1 AND router_id = $2 AND id = ANY ($3) ORDER BY id FOR UPDATE
                """,
                userId,
                routerId,
                ids
            );
        await using var result = await batch.ExecuteReaderAsync(cancellationToken);
        await result.NextAsync(cancellationToken);
        return await result.ReadAllAsync(UserDevice.Read, cancellationToken);
    }

    public static async Task DeleteAsync(this NpgsqlTransaction transaction, UserDevice device, CancellationToken cancellationToken)
    {
        await using var batch = BatchIn(transaction).With("DELETE FROM devices.user_devices WHERE id = $1", device.Id);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// One row goes, and the other one says what it lacks and the row that goes has: the user's name and type, the hostname and the vendor. The
    /// device was first seen when the older of the two was, and it is new if neither was acknowledged.
    /// </summary>
    public static async Task<UserDevice> MergeAsync(
        this NpgsqlTransaction transaction,
        UserDevice from,
        UserDevice into,
        CancellationToken cancellationToken
    )
    {
        await using var batch = BatchIn(transaction)
            .With(
                $"""
                WITH gone AS (DELETE FROM devices.user_devices WHERE id = $1 RETURNING *)
                UPDATE devices.user_devices AS device SET
                    {TakeOver}
                FROM gone WHERE device.id = $2
                RETURNING {UserDevice.ColumnsOfDevice}
                """,
                from.Id,
                into.Id
            );
        await using var result = await batch.ExecuteReaderAsync(cancellationToken);
        return (await result.ReadAllAsync(UserDevice.Read, cancellationToken)).Single();
    }

    /// <summary>What a device takes from the row <c>gone</c> in a merge.</summary>
    public const string TakeOver = """
        device_name = COALESCE(device.device_name, gone.device_name),
        device_type = CASE WHEN device.device_type = 'other' THEN COALESCE(gone.device_type, 'other') ELSE device.device_type END,
        hostname = COALESCE(device.hostname, gone.hostname),
        manufacturer = COALESCE(device.manufacturer, gone.manufacturer),
        first_seen = LEAST(device.first_seen, gone.first_seen),
        is_new = device.is_new AND gone.is_new
        """;

    private static NpgsqlBatch BatchIn(NpgsqlTransaction transaction) => new(transaction.Connection, transaction);
}
