// Dependent steps in a transaction of Devices: the router's row is locked first, and what the others see is what was committed before that.

namespace NetPilot.People.Data.Statements;

internal static class FollowDevice
{
    /// <summary>The device is nobody's any more, and its schedules go.</summary>
    public static async Task DeleteAsync(
        NpgsqlTransaction transaction,
        DeviceRemoval removal,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        object[] device = [removal.UserId, removal.RouterId, removal.Device.Id];
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        Mark(batch, device, now);
        batch
            .With("DELETE FROM people.person_devices WHERE user_id = $1 AND router_id = $2 AND device_id = $3", device)
            .With("DELETE FROM people.schedules WHERE user_id = $1 AND router_id = $2 AND device_id = $3", device);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The other device takes its schedules, and its person unless it has one of its own.</summary>
    public static async Task MergeAsync(
        NpgsqlTransaction transaction,
        DeviceMerge merge,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        object[] device = [merge.UserId, merge.RouterId, merge.From.Id];
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        Mark(batch, device, now);
        batch
            .With(
                """
                UPDATE people.person_devices SET device_id = $4
                WHERE user_id = $1 AND router_id = $2 AND device_id = $3
                  AND NOT EXISTS (SELECT FROM people.person_devices WHERE user_id = $1 AND router_id = $2 AND device_id = $4)
                """,
                [.. device, merge.Into.Id]
            )
            .With("DELETE FROM people.person_devices WHERE user_id = $1 AND router_id = $2 AND device_id = $3", device)
            .With(
                """
                UPDATE people.schedules SET device_id = $4, next_change_at = $5
                WHERE user_id = $1 AND router_id = $2 AND device_id = $3
                """,
                [.. device, merge.Into.Id, now]
            );
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // What the router's people and schedules hold is worked out anew, by marks that stay until that is done.
    private static void Mark(NpgsqlBatch batch, object[] device, DateTimeOffset now) =>
        batch
            .With("SELECT FROM people.routers WHERE user_id = $1 AND router_id = $2 FOR UPDATE", device.AsSpan(0, 2))
            .With(
                """
                WITH concerned AS (
                    SELECT person_id FROM people.person_devices WHERE user_id = $1 AND router_id = $2 AND device_id = $3
                    UNION ALL
                    SELECT person_id FROM people.schedules WHERE user_id = $1 AND router_id = $2 AND device_id = $3
                ), marked AS (
                    UPDATE people.people SET next_change_at = $4 WHERE id IN (SELECT person_id FROM concerned)
                )
                UPDATE people.routers SET revision = revision + 1, next_change_at = LEAST(next_change_at, $4), has_orphans = true
                WHERE user_id = $1 AND router_id = $2 AND EXISTS (SELECT FROM concerned)
                """,
                [.. device, now]
            );
}
