using System.Collections.Concurrent;

namespace NetPilot.Blacklist.Commands;

/// <summary>Commands that run on by themselves. What a crash cuts short is settled from the rows.</summary>
internal sealed class RunningCommands(ILogger<RunningCommands> logger) : BackgroundWork(logger)
{
    private readonly ConcurrentDictionary<Task, Guid> commands = new();
    private readonly ConcurrentDictionary<Guid, bool> sent = new();

    public int Count => commands.Count;

    public Task<T> Start<T>(Guid ruleId, Func<Task<T>> command)
    {
        sent.TryAdd(ruleId, false);
        var task = Task.Run(command);
        commands.TryAdd(task, ruleId);
        Track(task);
        return task;
    }

    /// <summary>From now on the router may know of the command.</summary>
    public void MarkSent(Guid ruleId) => sent.TryUpdate(ruleId, true, false);

    /// <summary>Whether the row's command waits in this replica for its turn, so that surely nothing was sent for it.</summary>
    public bool IsUnsent(Guid ruleId) => sent.TryGetValue(ruleId, out var wasSent) && !wasSent;

    protected override bool IsAnswer(Exception exception) => exception is ProblemException;

    protected override void OnEnded(Task work)
    {
        if (commands.TryRemove(work, out var ruleId) && !commands.Values.Contains(ruleId))
        {
            sent.TryRemove(ruleId, out _);
        }
    }
}
