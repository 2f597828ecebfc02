using System.Text.Json.Serialization;

namespace NetPilot.DevStack.Simulator;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>Nothing but the delay: then the call is executed and answered, though the caller may be gone.</summary>
    Delay,

    /// <summary>Waits until <see cref="FaultHandle.Release"/> before it is executed, then all is normal.</summary>
    Hold,

    /// <summary>Executed at once; the answer waits until <see cref="FaultHandle.Release"/>.</summary>
    HoldAnswer,

    /// <summary>No answer, ever. Not executed unless asked for.</summary>
    Hang,

    /// <summary>Executed; headers and half of the body, then nothing.</summary>
    HangBody,

    /// <summary>The connection is reset, nothing was executed.</summary>
    ResetBefore,

    /// <summary>Executed, then the connection is reset: a lost answer.</summary>
    ResetAfter,

    /// <summary>An HTML page with <see cref="Fault.Status"/> (500 by default). Not executed unless asked for.</summary>
    Html,

    /// <summary>Executed; half of the JSON in a complete response.</summary>
    Truncated,

    /// <summary>Executed; a 200 without a body.</summary>
    Empty,

    /// <summary>Executed; a 200 whose body is no JSON.</summary>
    NotJson,

    /// <summary>Executed; an object without the envelope's fields.</summary>
    MissingFields,

    /// <summary>Executed; a success envelope with status 500 (or <see cref="Fault.Status"/>).</summary>
    [JsonStringEnumMemberName("success_with_500")]
    SuccessWith500,

    /// <summary>A failure envelope (COMMAND_FAILED or <see cref="Fault.Code"/>) with status 200. Not executed unless asked for.</summary>
    [JsonStringEnumMemberName("failure_with_200")]
    FailureWith200,

    /// <summary>Executed; a success whose data has another shape than it should.</summary>
    WrongShape,

    /// <summary>A failure envelope from <see cref="Fault.Status"/>, <see cref="Fault.Code"/>, <see cref="Fault.Message"/>. Not executed unless asked for.</summary>
    Envelope,

    /// <summary>Executed; a success with <see cref="Fault.Data"/>.</summary>
    Data,

    /// <summary>Executed; a good answer of more than 4 MiB.</summary>
    Huge,

    /// <summary>A 307 to another path. Not executed unless asked for.</summary>
    Redirect,
}

/// <summary>A fault to come: which calls it meets, how often, and what goes wrong.</summary>
/// <param name="Kind">What goes wrong.</param>
public sealed record Fault(FaultKind Kind)
{
    /// <summary>The operation it meets; null is any.</summary>
    public SimulatorOperation? Operation { get; init; }

    /// <summary>The router it meets; null is any.</summary>
    public string? RouterId { get; init; }

    /// <summary>How many calls it meets; null is all until it is removed.</summary>
    public int? Times { get; init; } = 1;

    /// <summary>A wait before anything else happens.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The status of the answer, where the kind leaves it open.</summary>
    public int? Status { get; init; }

    /// <summary>The envelope's <c>error.code</c>, where the kind leaves it open.</summary>
    public string? Code { get; init; }

    /// <summary>The envelope's <c>error.message</c>, where the kind leaves it open.</summary>
    public string? Message { get; init; }

    /// <summary>Raw JSON for the envelope's <c>data</c>.</summary>
    public string? Data { get; init; }

    /// <summary>Whether the command is executed first; null leaves it to the kind.</summary>
    public bool? Executed { get; init; }

    internal bool Executes =>
        Executed
        ?? Kind
            is not (
                FaultKind.Hang
                or FaultKind.ResetBefore
                or FaultKind.Html
                or FaultKind.FailureWith200
                or FaultKind.Envelope
                or FaultKind.Redirect
            );

    /// <summary>
    /// Whether a hit is made known when the command has taken effect: who waits for it may change the router then. A delay is made known
    /// while it counts: who waits for it may move the clock.
    /// </summary>
    internal bool StrikesAfterEffect => Kind is not FaultKind.Hold && Delay == TimeSpan.Zero;
}

/// <summary>A fault that was added: tells when it strikes, lets held calls go, and removes itself when disposed.</summary>
public sealed class FaultHandle : IDisposable
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<FaultHandle> _remove;
    private readonly Lock _gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _taken;
    private int _hits;

    internal FaultHandle(int id, Fault fault, Action<FaultHandle> remove)
    {
        Id = id;
        Fault = fault;
        _remove = remove;
    }

    /// <summary>Its number, in the order of adding.</summary>
    public int Id { get; }

    /// <summary>What was asked for.</summary>
    public Fault Fault { get; }

    /// <summary>How many calls it has met.</summary>
    public int Hits => Volatile.Read(ref _hits);

    internal Task Released => _released.Task;

    /// <summary>Waits until this many calls have met it.</summary>
    public Task WaitForHitAsync(int count = 1, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_hits >= count)
            {
                return Task.CompletedTask;
            }
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromMinutes(2), cancellationToken);
        }
    }

    /// <summary>Lets the calls go on that <see cref="FaultKind.Hold"/> or <see cref="FaultKind.HoldAnswer"/> keeps, and those to come.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Removes the fault and releases what it holds.</summary>
    public void Dispose()
    {
        _remove(this);
        Release();
    }

    /// <summary>Takes one of the calls that the fault is to meet, if any is left.</summary>
    internal bool TryTake()
    {
        lock (_gate)
        {
            if (_taken >= Fault.Times)
            {
                return false;
            }
            _taken++;
            return true;
        }
    }

    /// <summary>Makes a hit known, once its delay is counting: who waits for the hit may move the clock.</summary>
    internal void Announce()
    {
        lock (_gate)
        {
            _hits++;
            foreach (var (count, reached) in _waiting)
            {
                if (_hits >= count)
                {
                    reached.TrySetResult();
                }
            }
        }
    }
}
