using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace NetPilot.Routers.Wifi;

/// <summary>The Wi-Fi changes of this replica whose outcome is still being found out. A stopping server has each of them record what it knows.</summary>
internal sealed class WifiSettlements : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<Task, bool> running = new();
    private readonly CancellationTokenSource stopping = new();
    private bool disposed;

    public void Begin(Func<CancellationToken, Task> settle)
    {
        var task = Task.Run(() => settle(stopping.Token));
        running.TryAdd(task, true);
        _ = task.ContinueWith(done => running.TryRemove(done, out _), TaskScheduler.Default);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A host whose start failed half-way is stopped after it is disposed.
        if (disposed)
        {
            return;
        }

        await stopping.CancelAsync();
        await Task.WhenAll(running.Keys).WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        disposed = true;
        stopping.Dispose();
    }
}
