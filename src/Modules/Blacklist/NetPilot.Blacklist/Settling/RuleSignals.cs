using System.Collections.Concurrent;

namespace NetPilot.Blacklist.Settling;

/// <summary>
/// Wakes whoever waits in this replica for a row to change. A hint only: who waits looks at the row, and looks again at intervals, since
/// another replica may have changed it.
/// </summary>
internal sealed class RuleSignals
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> waiting = new();

    /// <summary>Is told when rows are due before the settle worker would look by itself.</summary>
    public event Action? BecameDue;

    public void RaiseDue() => BecameDue?.Invoke();

    public void Raise(Guid ruleId)
    {
        if (waiting.TryRemove(ruleId, out var signal))
        {
            signal.TrySetResult();
        }
    }

    /// <summary>Rests until the row is said to have changed, and no longer than a moment.</summary>
    public async Task RestAsync(Guid ruleId, CancellationToken cancellationToken)
    {
        var signal = waiting.GetOrAdd(ruleId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await Task.WhenAny(signal.Task, Task.Delay(LongestRest, cancellationToken));
        // Where another replica writes the row, nobody raises the signal here; whoever else waits looks again within a moment.
        waiting.TryRemove(KeyValuePair.Create(ruleId, signal));
        cancellationToken.ThrowIfCancellationRequested();
    }
}
