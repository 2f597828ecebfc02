using Microsoft.Extensions.Logging;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data.Statements;
using Npgsql;

namespace NetPilot.Routers.Activities;

internal sealed partial class RouterActivityLog(NpgsqlDataSource database, TimeProvider time, ILogger<RouterActivityLog> logger)
    : IRouterActivityLog
{
    public async Task RecordAsync(IReadOnlyList<RouterActivity> activities, CancellationToken cancellationToken)
    {
        if (activities.Count == 0)
        {
            return;
        }

        try
        {
            var recorded = activities.WithIds(time);
            await DatabaseRetry.RunAsync(
                async token =>
                {
                    await using var batch = database.CreateBatch();
                    RecordActivities.AddTo(batch, recorded);
                    await batch.ExecuteNonQueryAsync(token);
                },
                cancellationToken
            );
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
