namespace NetPilot.Routers.Activities;

/// <summary>
/// Writes what is known of commands that were sent. Where PostgreSQL is away, nobody waits for it, and it is tried again until it succeeds or
/// nothing more comes of it. A batch may be written twice.
/// </summary>
internal sealed partial class LateRecords(NpgsqlDataSource database, TimeProvider time, ILogger<LateRecords> logger)
    : BackgroundWork(logger),
        IRouterActivityLog
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(4);

    public async Task WriteAsync(string routerId, Action<NpgsqlBatch> add) => BeginToRepeat(await FailureOfAsync(add), routerId, add);

    public Task RecordAsync(IReadOnlyList<RouterActivity> activities) =>
        activities.Count == 0 ? Task.CompletedTask : WriteAsync(activities[0].RouterId, batch => RecordActivities.AddTo(batch, activities));

    /// <summary>
    /// Records activities of a router. False: by then it is no longer this owner's, which the same round trip says. Where PostgreSQL is away, that
    /// is not known.
    /// </summary>
    public async Task<bool> WriteForOwnerAsync(OwnedRouter router, IReadOnlyList<RouterActivity> activities)
    {
        var isOwned = true;
        var failure = await FailureOfAsync(
            batch =>
            {
                batch.BatchCommands.Add(ReadOwnedRouter.IsStillOwned(router));
                RecordActivities.AddTo(batch, activities);
            },
            row => isOwned = row.GetBoolean(0)
        );
        BeginToRepeat(failure, router.RouterId, batch => RecordActivities.AddTo(batch, activities));
        return isOwned;
    }

    private void BeginToRepeat(Exception? failure, string routerId, Action<NpgsqlBatch> add)
    {
        if (failure is not null)
        {
            LogLate(logger, routerId, failure.Message);
            _ = Begin(stopping => RepeatAsync(routerId, add, stopping));
        }
    }

    private async Task RepeatAsync(string routerId, Action<NpgsqlBatch> add, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        Exception? failure;
        var rest = FirstRest;
        do
        {
            // Real time: PostgreSQL's return does not go by the injected clock.
            await Task.Delay(rest, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            failure = await FailureOfAsync(add);
            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        } while (failure is not null && !stopping.IsCancellationRequested && time.GetElapsedTime(started) < Patience);

        if (failure is not null)
        {
            LogNotRecorded(logger, routerId, failure.Message);
        }
    }

    /// <summary>Null: it is written.</summary>
    private async Task<Exception?> FailureOfAsync(Action<NpgsqlBatch> add, Action<NpgsqlDataReader>? read = null)
    {
        try
        {
            await DatabaseRetry.RunAsync(
                async token =>
                {
                    await using var batch = database.CreateBatch();
                    add(batch);
                    await using var row = await batch.ExecuteReaderAsync(token);
                    if (read is not null && await row.ReadAsync(token))
                    {
                        read(row);
                    }

                    while (await row.NextResultAsync(token)) { }
                },
                CancellationToken.None
            );
            return null;
        }
        catch (Exception exception) when (exception is NpgsqlException || DatabaseFailures.IsUnavailable(exception))
        {
            return exception;
        }
    }

    [LoggerMessage(LogLevel.Warning, "What a command on router {RouterId} came to could not be recorded, and is tried again: {Reason}")]
    private static partial void LogLate(ILogger logger, string routerId, string reason);

    [LoggerMessage(LogLevel.Warning, "What a command on router {RouterId} came to could not be recorded and is given up: {Reason}")]
    private static partial void LogNotRecorded(ILogger logger, string routerId, string reason);
}
