using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NetPilot.Identity.Passwords;

/// <summary>
/// Threads for long computations, which yield to everything else in the process. In the thread pool such work would keep every other request
/// from the threads, and at the usual priority from the cores.
/// </summary>
internal sealed class BackgroundThreads : IDisposable
{
    // A tenth of what the other threads get where all want a core; the whole of it where none does.
    private const int Niceness = 10;
    private readonly BlockingCollection<Action> work = [];

    public BackgroundThreads(string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            new Thread(Serve)
            {
                Name = name,
                IsBackground = true,
                Priority = ThreadPriority.Lowest,
            }.Start();
        }
    }

    /// <summary>Computes on one of the threads; work beyond their number waits for one.</summary>
    public Task<T> RunAsync<T>(Func<T> compute)
    {
        var task = new Task<T>(compute, TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() => task.RunSynchronously(TaskScheduler.Default));
        return task;
    }

    /// <summary>Lets the threads end when what they were given is done.</summary>
    public void Dispose() => work.CompleteAdding();

    private void Serve()
    {
        YieldToOthers();
        foreach (var next in work.GetConsumingEnumerable())
        {
            next();
        }
    }

    // .NET leaves a thread's priority without effect on Linux, where each thread has a niceness of its own.
    private static void YieldToOthers()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = setpriority(0, 0, Niceness);
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setpriority(int which, uint who, int priority);
}
