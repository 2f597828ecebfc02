using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NetPilot.Identity.Sessions;

/// <summary>
/// Calls that a request begins and does not wait for. An orderly stop waits for them. After a crash the sweeper finds their rows.
/// </summary>
internal sealed partial class BackgroundCalls(ILogger<BackgroundCalls> logger) : IHostedService
{
    private readonly ConcurrentDictionary<Task, bool> running = new();

    public Task Begin(Func<Task> call)
    {
        var task = Task.Run(() => GuardAsync(call));
        running.TryAdd(task, true);
        _ = task.ContinueWith(done => running.TryRemove(done, out _), TaskScheduler.Default);
        return task;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(running.Keys).WaitAsync(cancellationToken);

    private async Task GuardAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception exception)
        {
            Log.Failed(logger, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A call in the background failed; the sweeper takes up what it left")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
