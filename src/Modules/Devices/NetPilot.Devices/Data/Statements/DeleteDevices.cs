// Row locks: scans that are being stored hold the router's row, so the rows are locked first and in one order.

namespace NetPilot.Devices.Data.Statements;

internal static class DeleteDevices
{
    public static Task OfRouterAsync(NpgsqlDataSource database, Guid userId, string routerId, CancellationToken cancellationToken) =>
        RunAsync(database, "user_id = $1 AND router_id = $2", [userId, routerId], cancellationToken);

    public static Task OfUserAsync(NpgsqlDataSource database, Guid userId, CancellationToken cancellationToken) =>
        RunAsync(database, "user_id = $1", [userId], cancellationToken);

    private static Task RunAsync(NpgsqlDataSource database, string condition, object[] values, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch();
                batch
                    .With($"SELECT 1 FROM devices.router_scans WHERE {condition} ORDER BY router_id FOR UPDATE", values)
                    .With($"DELETE FROM devices.router_scans WHERE {condition}", values)
                    .With($"DELETE FROM devices.user_devices WHERE {condition}", values);
                await batch.ExecuteNonQueryAsync(token);
            },
            cancellationToken
        );
}
