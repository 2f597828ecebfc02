using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Commands that run on by themselves, whatever becomes of the request that asked for them. A graceful stop waits for them; what a crash
/// cuts short is settled from the rows.
/// </summary>
internal sealed partial class RunningCommands(ILogger<RunningCommands> logger) : IHostedService
{
    private readonly ConcurrentDictionary<Task, Guid> running = new();
    private readonly ConcurrentDictionary<Guid, bool> sent = new();

    public Task<T> Start<T>(Guid ruleId, Func<Task<T>> command)
    {
        sent.TryAdd(ruleId, false);
        var task = Task.Run(command);
        running.TryAdd(task, ruleId);
        task.ContinueWith(
            done =>
            {
                Forget(done);
                if (!running.Values.Contains(ruleId))
                {
                    sent.TryRemove(ruleId, out _);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        return task;
    }

    /// <summary>Lets a graceful stop wait for work that is tied to no single row.</summary>
    public void Track(Task work)
    {
        running.TryAdd(work, Guid.Empty);
        work.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>From now on the router may know of the command.</summary>
    public void MarkSent(Guid ruleId) => sent.TryUpdate(ruleId, true, false);

    /// <summary>Whether the row's command waits in this replica for its turn, so that surely nothing was sent for it.</summary>
    public bool IsUnsent(Guid ruleId) => sent.TryGetValue(ruleId, out var wasSent) && !wasSent;

    // Whoever asked may be gone, and then nobody else looks at how it ended.
    private void Forget(Task done)
    {
        running.TryRemove(done, out _);
        if (done.Exception?.InnerException is { } exception and not ProblemException)
        {
            Log.Broke(logger, exception);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(running.Keys).WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whoever asked for a command has its failure; the stop only waits for the end.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A command broke off; what it left open is settled from its row")]
        public static partial void Broke(ILogger logger, Exception exception);
    }
}
