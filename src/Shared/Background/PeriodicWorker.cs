namespace NetPilot.Background;

/// <summary>
/// A background worker that looks for due work at an interval, at start, and again right away while it finds some. A failed pass
/// is logged and the next one comes as usual: the work itself lives in PostgreSQL, so nothing is lost. That PostgreSQL is away is told once
/// until a pass succeeds.
/// </summary>
public abstract partial class PeriodicWorker(TimeProvider time, ILogger logger) : BackgroundService
{
    // Never disposed, which it need not be: a host whose start fails disposes its services while their work is still on its way out.
    private readonly SemaphoreSlim nudge = new(0, 1);

    protected TimeProvider Time => time;

    /// <summary>How long to rest when a pass found nothing to do.</summary>
    protected abstract TimeSpan Interval { get; }

    /// <summary>When to look first, after the start. What nobody waits for leaves the processor to the first requests.</summary>
    protected virtual TimeSpan FirstAfter => TimeSpan.Zero;

    /// <summary>Does what is due. True when there may be more, so that the next pass follows at once.</summary>
    protected abstract Task<bool> RunOnceAsync(CancellationToken cancellationToken);

    /// <summary>Wakes the worker before its interval is over.</summary>
    public void Nudge()
    {
        try
        {
            nudge.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is to wake up already.
        }
    }

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (FirstAfter > TimeSpan.Zero)
        {
            await RestAsync(FirstAfter, stoppingToken);
        }

        var isAway = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RunOnceAsync(stoppingToken)) { }

                isAway = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
                when (DatabaseFailures.IsUnavailable(exception) && !DatabaseFailures.IsOfAnotherStatement(exception))
            {
                if (!isAway)
                {
                    LogDatabaseAway(logger, GetType().Name, exception.GetBaseException().Message);
                }

                isAway = true;
            }
            catch (Exception exception)
            {
                LogPassFailed(logger, GetType().Name, exception);
            }

            await RestAsync(Interval, stoppingToken);
        }
    }

    private async Task RestAsync(TimeSpan rest, CancellationToken stoppingToken)
    {
        await using var timer = time.CreateTimer(_ => Nudge(), null, rest, Timeout.InfiniteTimeSpan);
        try
        {
            await nudge.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The host is stopping.
        }
    }

    [LoggerMessage(LogLevel.Error, "{Worker} could not finish a pass; it looks again at its next interval")]
    private static partial void LogPassFailed(ILogger logger, string worker, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Worker} could not finish a pass, for want of PostgreSQL, and goes on looking: {Reason}")]
    private static partial void LogDatabaseAway(ILogger logger, string worker, string reason);
}
