using Microsoft.Extensions.Logging;

namespace NetPilot.CommandsClient.Resilience;

/// <summary>
/// Opens after five faults of the Commands-Server within ten seconds, whatever succeeds in between, and lets one call at a time try it out
/// from five seconds later on. Why it is not Polly's: docs/decisions/0010.
/// </summary>
internal sealed partial class CircuitBreaker(TimeProvider time, ILogger<CircuitBreaker> logger)
{
    public const int Faults = 5;
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Queue<long> _faults = new(Faults);
    private CommandsCircuitState _state = CommandsCircuitState.Closed;

    // Changes with every state and every probe, so that calls which began before do not speak for what came after.
    private int _era;
    private bool _probing;
    private long _since;
    private DateTimeOffset? _lastSuccessAt;
    private DateTimeOffset? _lastFailureAt;

    public CommandsCircuitState State
    {
        get
        {
            lock (_lock)
            {
                return _state is CommandsCircuitState.Open && time.GetElapsedTime(_since) >= Break ? CommandsCircuitState.HalfOpen : _state;
            }
        }
    }

    public DateTimeOffset? LastSuccessAt
    {
        get
        {
            lock (_lock)
            {
                return _lastSuccessAt;
            }
        }
    }

    public DateTimeOffset? LastFailureAt
    {
        get
        {
            lock (_lock)
            {
                return _lastFailureAt;
            }
        }
    }

    /// <summary>Asks to make a call. Whoever is let through reports its outcome with the ticket.</summary>
    public bool TryEnter(out int ticket, out TimeSpan retryAfter)
    {
        lock (_lock)
        {
            retryAfter = TimeSpan.Zero;
            if (_state is not CommandsCircuitState.Closed)
            {
                var waited = time.GetElapsedTime(_since);
                // A probe that hangs on its router says nothing about the Commands-Server, so after a while another may go.
                var blocked = _state is CommandsCircuitState.Open || _probing;
                if (blocked && waited < Break)
                {
                    ticket = 0;
                    retryAfter = Break - waited;
                    return false;
                }

                _state = CommandsCircuitState.HalfOpen;
                _since = time.GetTimestamp();
                _probing = true;
                _era++;
            }

            ticket = _era;
            return true;
        }
    }

    /// <summary>The Commands-Server answered.</summary>
    public void ReportSuccess(int ticket)
    {
        lock (_lock)
        {
            _lastSuccessAt = time.GetUtcNow();
            if (ticket == _era && _state is CommandsCircuitState.HalfOpen)
            {
                _state = CommandsCircuitState.Closed;
                _faults.Clear();
                _era++;
                Log.Closed(logger);
            }
        }
    }

    /// <summary>The Commands-Server could not be reached, or is broken.</summary>
    public void ReportFault(int ticket)
    {
        lock (_lock)
        {
            _lastFailureAt = time.GetUtcNow();
            if (ticket != _era)
            {
                return;
            }

            while (_faults.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > Window)
            {
                _faults.Dequeue();
            }

            _faults.Enqueue(time.GetTimestamp());
            if (_state is CommandsCircuitState.HalfOpen || _faults.Count >= Faults)
            {
                Log.Opened(logger, Break.TotalSeconds, probe: _state is CommandsCircuitState.HalfOpen);
                _state = CommandsCircuitState.Open;
                _since = time.GetTimestamp();
                _probing = false;
                _faults.Clear();
                _era++;
            }
        }
    }

    /// <summary>The call ended without saying anything about the Commands-Server: it timed out on a router, or was never sent.</summary>
    public void ReportNothing(int ticket)
    {
        lock (_lock)
        {
            if (ticket == _era)
            {
                _probing = false;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "The circuit to the Commands-Server is open for {Seconds} s (after a failed probe: {Probe}): calls are answered without trying"
        )]
        public static partial void Opened(ILogger logger, double seconds, bool probe);

        [LoggerMessage(LogLevel.Information, "The circuit to the Commands-Server is closed again")]
        public static partial void Closed(ILogger logger);
    }
}
