using System.Text.Json;
using Microsoft.Extensions.Logging;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.Routers.Activities;

internal sealed partial class RouterActivityLog(NpgsqlDataSource database, TimeProvider time, ILogger<RouterActivityLog> logger)
    : IRouterActivityLog
{
    public async Task RecordAsync(IReadOnlyList<RouterActivity> activities, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = database.CreateBatch();
            ActivitySql.AddTo(batch, activities, time);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            Log.NotRecorded(logger, activities.Count, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Count} activities could not be recorded: {Reason}")]
        public static partial void NotRecorded(ILogger logger, int count, string reason);
    }
}

/// <summary>The statements that record activities, to go along in whatever batch is being sent.</summary>
internal static class ActivitySql
{
    public static void AddTo(NpgsqlBatch batch, IReadOnlyList<RouterActivity> activities, TimeProvider time)
    {
        foreach (var activity in activities)
        {
            var insert = batch.CreateBatchCommand();
            insert.CommandText = """
                INSERT INTO routers.router_commands (id, owner_id, user_id, router_id, kind, target, outcome, code, started_at, duration_ms)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
                WHERE EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $4 AND user_id = $2)
                """;
            insert.Parameters.Add(new() { Value = time.NewId() });
            insert.Parameters.Add(new() { Value = activity.OwnerId });
            insert.Parameters.Add(Nullable(activity.ActorId, NpgsqlDbType.Uuid));
            insert.Parameters.Add(new() { Value = activity.RouterId });
            insert.Parameters.Add(new() { Value = JsonNamingPolicy.SnakeCaseLower.ConvertName(activity.Kind.ToString()) });
            insert.Parameters.Add(Nullable(activity.Target, NpgsqlDbType.Text));
            insert.Parameters.Add(new() { Value = JsonNamingPolicy.SnakeCaseLower.ConvertName(activity.Outcome.ToString()) });
            insert.Parameters.Add(Nullable(activity.Code, NpgsqlDbType.Text));
            insert.Parameters.Add(new() { Value = activity.StartedAt.ToMicroseconds() });
            insert.Parameters.Add(new() { Value = (int)Math.Min(int.MaxValue, activity.Duration.TotalMilliseconds) });
            batch.BatchCommands.Add(insert);
        }

        // The last word of a command about the router's presence is the one that counts.
        if (activities.LastOrDefault(activity => activity.Reached is not null) is { Reached: { } reached } sighting)
        {
            var update = batch.CreateBatchCommand();
            update.CommandText = """
                UPDATE routers.user_routers
                SET reachability = CASE WHEN $3 THEN 'online' ELSE 'offline' END,
                    last_seen_at = CASE WHEN $3 THEN GREATEST(last_seen_at, $4) ELSE last_seen_at END
                WHERE router_id = $1 AND user_id = $2
                """;
            update.Parameters.Add(new() { Value = sighting.RouterId });
            update.Parameters.Add(new() { Value = sighting.OwnerId });
            update.Parameters.Add(new() { Value = reached });
            update.Parameters.Add(new() { Value = (sighting.StartedAt + sighting.Duration).ToMicroseconds() });
            batch.BatchCommands.Add(update);
        }
    }

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
