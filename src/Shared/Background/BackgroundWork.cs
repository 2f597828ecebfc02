using System.Collections.Concurrent;

namespace NetPilot.Background;

/// <summary>
/// Work that goes on whatever becomes of the request that began it. A server that stops in order waits for it; what a crash cuts short is taken
/// up from what PostgreSQL holds.
/// </summary>
public abstract partial class BackgroundWork(ILogger logger) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<Task, bool> running = new();
    private readonly CancellationTokenSource stopping = new();
    private bool isDisposed;

    /// <summary>Begins work that nobody has to wait for: its failure is logged, and the task always succeeds.</summary>
    /// <param name="work">Its token says that the server stops: what can be taken up later ends then.</param>
    public Task Begin(Func<CancellationToken, Task> work)
    {
        var task = Task.Run(() => GuardAsync(work));
        Track(task);
        return task;
    }

    /// <summary>Lets a stop wait for work whose outcome somebody else waits for.</summary>
    public void Track(Task work)
    {
        running.TryAdd(work, true);
        work.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A host whose start failed half-way is stopped after it is disposed.
        if (isDisposed)
        {
            return;
        }

        await stopping.CancelAsync();
        await Task.WhenAll(running.Keys).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        isDisposed = true;
        stopping.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether a failure is what somebody is answered with, and no fault to log.</summary>
    protected virtual bool IsAnswer(Exception exception) => false;

    /// <summary>Is called when work has ended, be it in vain.</summary>
    protected virtual void OnEnded(Task work) { }

    private async Task GuardAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(stopping.Token);
        }
        catch (Exception exception)
        {
            LogFailure(exception);
        }
    }

    // Whoever asked may be gone, and then nobody else looks at how it ended.
    private void Forget(Task work)
    {
        running.TryRemove(work, out _);
        if (work.Exception?.InnerException is { } exception)
        {
            LogFailure(exception);
        }

        OnEnded(work);
    }

    private void LogFailure(Exception exception)
    {
        if (!IsAnswer(exception))
        {
            LogFailed(logger, DatabaseFailures.IsUnavailable(exception) ? LogLevel.Warning : LogLevel.Error, GetType().Name, exception);
        }
    }

    [LoggerMessage("Work in the background ({Kind}) broke off; what it left open is taken up from the database")]
    private static partial void LogFailed(ILogger logger, LogLevel level, string kind, Exception exception);
}
