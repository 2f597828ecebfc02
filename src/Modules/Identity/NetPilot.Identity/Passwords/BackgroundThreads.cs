using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NetPilot.Identity.Passwords;

/// <summary>
/// Threads with a low priority for long computations: usually one for each core, of which the last one computes only while nobody else needs a core. In
/// the thread pool, at the normal priority or on all cores, such work would delay all other requests (docs/decisions/0017).
/// </summary>
internal sealed class BackgroundThreads : IDisposable
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);
    private readonly BlockingCollection<Func<Action>> work = [];
    private readonly BlockingCollection<Action> results = [];
    private readonly ManualResetEventSlim isEnding = new();
    private readonly int niceness;
    private readonly Func<bool> mayUseLastCore;
    private int computing;

    /// <param name="cores">How many cores they may use.</param>
    /// <param name="niceness">Their niceness on Linux: 1 to 19 (the lowest priority); 0: that of the process.</param>
    /// <param name="mayUseLastCore">Whether nobody else needs a core at the moment.</param>
    public BackgroundThreads(string name, int cores, int niceness, Func<bool> mayUseLastCore)
    {
        this.niceness = niceness;
        this.mayUseLastCore = mayUseLastCore;
        computing = cores;
        for (var i = 1; i < cores; i++)
        {
            Start(name, ThreadPriority.Lowest, Compute);
        }

        Start(name, ThreadPriority.Lowest, cores == 1 ? Compute : ComputeInQuietTimes);

        // On Linux a thread inherits the priority of the thread that starts it. A completed task may start a thread of the pool, so results are
        // set by a thread of normal priority.
        Start($"{name} results", ThreadPriority.Normal, HandOver);
    }

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

    /// <summary>Lets the threads finish the given work and end.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        isEnding.Set();
    }

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

        End();
    }

    private void ComputeInQuietTimes()
    {
        YieldToOthers();
        while (!work.IsCompleted)
        {
            if ((mayUseLastCore() || isEnding.Wait(Rest)) && work.TryTake(out var next, Timeout.Infinite))
            {
                results.Add(next());
            }
        }

        End();
    }

    private void End()
    {
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

    // .NET ignores a thread's priority on Linux. If the system refuses the call, the threads keep the normal priority.
    private void YieldToOthers()
    {
        if (niceness > 0 && OperatingSystem.IsLinux())
        {
            _ = setpriority(which: 0, who: 0, niceness);
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setpriority(int which, uint who, int niceness);
}
