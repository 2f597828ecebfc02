namespace NetPilot.DevStack.Simulator;

/// <summary>A call as it arrived, and what became of it.</summary>
public sealed class RecordedCall
{
    internal const int KeptBody = 8 * 1024;

    internal RecordedCall(SimulatorOperation operation, HttpRequest request, DateTimeOffset at)
    {
        Operation = operation;
        Method = request.Method;
        Path = request.Path.Value ?? "";
        Query = request.QueryString.Value ?? "";
        ApiKey = request.Headers["X-Api-Key"];
        StartedAt = at;
    }

    /// <summary>Its place in the order of arrival, from 1.</summary>
    public long Number { get; internal set; }

    /// <summary>What it asked for.</summary>
    public SimulatorOperation Operation { get; }

    public string Method { get; }

    public string Path { get; }

    /// <summary>The query with its question mark, or empty.</summary>
    public string Query { get; }

    /// <summary>The body as text, cut at 8 KiB.</summary>
    public string Body { get; internal set; } = "";

    public string? SessionId { get; internal set; }

    public string? RouterId { get; internal set; }

    /// <summary>The address that a command names.</summary>
    public string? Ip { get; internal set; }

    /// <summary>The <c>X-Api-Key</c> that came along.</summary>
    public string? ApiKey { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>When it was answered or given up; null while it is under way.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>The answer's status; 0 where there was none.</summary>
    public int Status { get; internal set; }

    /// <summary>The envelope's <c>error.code</c>, if the answer was a failure.</summary>
    public string? Code { get; internal set; }

    /// <summary>Whether the command took effect (or, for a read, was read).</summary>
    public bool Executed { get; internal set; }

    /// <summary>The fault that it met.</summary>
    public FaultKind? Fault { get; internal set; }

    public override string ToString() => $"{Operation} {RouterId} {Ip} -> {Status} {Code}{(Executed ? "" : " (not executed)")}";
}

/// <summary>The last calls, in order.</summary>
internal sealed class CallLog(int capacity)
{
    private readonly Lock _gate = new();
    private readonly RecordedCall?[] _kept = new RecordedCall?[capacity];
    private long _count;
    private long _clearedAt;
    private TaskCompletionSource? _changed;

    public void Add(RecordedCall call)
    {
        lock (_gate)
        {
            _kept[_count % capacity] = call;
            call.Number = ++_count;
        }
        Changed();
    }

    public void Changed() => Interlocked.Exchange(ref _changed, null)?.TrySetResult();

    public void Clear()
    {
        lock (_gate)
        {
            _clearedAt = _count;
            Array.Clear(_kept);
        }
    }

    public IReadOnlyList<RecordedCall> Snapshot()
    {
        lock (_gate)
        {
            var first = Math.Max(_clearedAt, _count - capacity);
            var calls = new RecordedCall[_count - first];
            for (var i = 0; i < calls.Length; i++)
            {
                calls[i] = _kept[(first + i) % capacity]!;
            }
            return calls;
        }
    }

    public async Task<RecordedCall> WaitForAsync(Func<RecordedCall, bool> predicate, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        while (true)
        {
            // The signal is made before the look, so that a call in between is not missed.
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var changed = Interlocked.CompareExchange(ref _changed, fresh, null) ?? fresh;
            if (Snapshot().FirstOrDefault(predicate) is { } found)
            {
                return found;
            }

            try
            {
                await changed.Task.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException(
                    $"No such call came within {timeout}. The last ones: {string.Join("; ", Snapshot().TakeLast(5))}"
                );
            }
        }
    }
}
