using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NetPilot.Identity.Passwords;

/// <summary>
/// Threads for long computations, one fewer than there are cores, which yield to whatever else wants a core. In the thread pool such work
/// would keep every other request from the threads, and at the usual priority, or on every core, from the cores.
/// </summary>
internal sealed class BackgroundThreads : IDisposable
{
    private const int Niceness = 19;
    private readonly BlockingCollection<Func<Action>> work = [];
    private readonly BlockingCollection<Action> results = [];
    private int computing = Count;

    public BackgroundThreads(string name)
    {
        for (var i = 0; i < Count; i++)
        {
            Start(name, ThreadPriority.Lowest, Compute);
        }

        // Results are handed over at the usual priority: on Linux a thread inherits its own from the one that starts it, and whoever hands
        // work to the pool may be the one that starts a thread there.
        Start($"{name} results", ThreadPriority.Normal, HandOver);
    }

    private static int Count => Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Computes on one of the threads; work beyond their number waits for one.</summary>
    public Task<T> RunAsync<T>(Func<T> compute)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                var result = compute();
                return () => completion.SetResult(result);
            }
            catch (Exception exception)
            {
                return () => completion.SetException(exception);
            }
        });
        return completion.Task;
    }

    /// <summary>Lets the threads end when what they were given is done.</summary>
    public void Dispose() => work.CompleteAdding();

    private static void Start(string name, ThreadPriority priority, ThreadStart run) =>
        new Thread(run)
        {
            Name = name,
            IsBackground = true,
            Priority = priority,
        }.Start();

    private void Compute()
    {
        YieldToOthers();
        foreach (var next in work.GetConsumingEnumerable())
        {
            results.Add(next());
        }

        if (Interlocked.Decrement(ref computing) == 0)
        {
            results.CompleteAdding();
        }
    }

    private void HandOver()
    {
        foreach (var result in results.GetConsumingEnumerable())
        {
            result();
        }
    }

    // .NET leaves a thread's priority without effect on Linux. Where the system refuses this, the threads are as any others.
    private static void YieldToOthers()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = setpriority(which: 0, who: 0, Niceness);
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setpriority(int which, uint who, int niceness);
}
