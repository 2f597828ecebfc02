namespace NetPilot.DevStack.Simulator;

/// <summary>Answers of a router that wait until a test lets them go.</summary>
internal sealed class HeldAnswers
{
    private readonly Lock _gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private TaskCompletionSource _released = New();
    private int _held;

    /// <summary>Waits until the release, or for the time if that is over first.</summary>
    public async Task HoldAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        var delay = Task.Delay(time > TimeSpan.Zero ? time : Timeout.InfiniteTimeSpan, clock, cancellationToken);
        Task released;
        lock (_gate)
        {
            released = _released.Task;
            _held++;
            foreach (var (count, reached) in _waiting)
            {
                if (_held >= count)
                {
                    reached.TrySetResult();
                }
            }
        }
        await await Task.WhenAny(released, delay);
    }

    public Task WaitForHeldAsync(int count, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_held >= count)
            {
                return Task.CompletedTask;
            }
            var reached = New();
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromMinutes(2), cancellationToken);
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _released.TrySetResult();
            _released = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
