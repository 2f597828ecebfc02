namespace NetPilot.CommandsClient.Resilience;

/// <summary>
/// Opens after so many faults within ten seconds, whatever succeeds in between, and lets one call at a time try it out from five seconds later
/// on. Faults that all name one router do not open it: somebody else has to show them too. Why it is not Polly's: docs/decisions/0010; why
/// faults have names: docs/decisions/0029.
/// </summary>
/// <param name="name">What the circuit leads to, for the log.</param>
/// <param name="faults">How many faults open it.</param>
/// <param name="time">Measures window and break.</param>
/// <param name="logger">Says when the circuit opens and closes.</param>
internal sealed partial class CircuitBreaker(string name, int faults, TimeProvider time, ILogger<CircuitBreaker> logger)
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = new(Math.Min(faults, 16));
    private CommandsCircuitState _state = CommandsCircuitState.Closed;

    // Changes with every state and every probe, so that calls which began before do not speak for what came after.
    private int _era;
    private bool _probing;

    // The router whose probe failed since the circuit opened: a second failure of its alone would prove nothing.
    private string? _suspect;
    private long _since;

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

    /// <summary>Whether it is closed and remembers no fault.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                ForgetOldFaults();
                return _state is CommandsCircuitState.Closed && _faults.Count == 0;
            }
        }
    }

    /// <summary>Asks to make a call. Whoever is let through reports its outcome with the ticket.</summary>
    /// <param name="router">The router that the call names; null if it names none.</param>
    /// <param name="ticket">For the report.</param>
    /// <param name="retryAfter">When to ask again, where the call is not let through.</param>
    public bool TryEnter(string? router, out int ticket, out TimeSpan retryAfter)
    {
        lock (_lock)
        {
            retryAfter = TimeSpan.Zero;
            if (_state is not CommandsCircuitState.Closed)
            {
                var waited = time.GetElapsedTime(_since);
                // A probe that hangs on its router says nothing about what is behind the circuit, so after a while another may go.
                var blocked = _state is CommandsCircuitState.Open || _probing || (router is not null && router == _suspect);
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
    public void ReportSuccess(int ticket, string? router)
    {
        lock (_lock)
        {
            if (ticket != _era)
            {
                return;
            }

            if (_state is CommandsCircuitState.HalfOpen)
            {
                _state = CommandsCircuitState.Closed;
                _faults.Clear();
                _era++;
                LogClosed(logger, name);
            }
            else if (router is not null && _faults.Count > 0 && !_faults.Exists(fault => fault.Router == router))
            {
                // The server works for a router that has had no fault: those of the others are their own.
                _faults.RemoveAll(fault => fault.Router is not null);
            }
        }
    }

    /// <summary>The Commands-Server could not be reached, broke the connection or answered a bare 5xx.</summary>
    /// <param name="ticket">From <see cref="TryEnter"/>.</param>
    /// <param name="router">The router that may be to blame; null where none can be.</param>
    public void ReportFault(int ticket, string? router)
    {
        lock (_lock)
        {
            if (ticket != _era)
            {
                return;
            }

            ForgetOldFaults();
            _faults.Add(new Fault(time.GetTimestamp(), router));
            if (_state is CommandsCircuitState.Closed)
            {
                if (_faults.Count >= faults && (router is null || _faults.Exists(fault => fault.Router != router)))
                {
                    Open();
                }
            }
            else if (router is null || (_suspect is not null && _suspect != router))
            {
                Open();
            }
            else
            {
                _suspect = router;
                _probing = false;
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

    private void Open()
    {
        LogOpened(logger, name, Break.TotalSeconds, probe: _state is CommandsCircuitState.HalfOpen);
        _state = CommandsCircuitState.Open;
        _since = time.GetTimestamp();
        _probing = false;
        _suspect = null;
        _faults.Clear();
        _era++;
    }

    private void ForgetOldFaults() => _faults.RemoveAll(fault => time.GetElapsedTime(fault.At) > Window);

    private readonly record struct Fault(long At, string? Router);

    [LoggerMessage(
        LogLevel.Warning,
        "The circuit to {Name} is open for {Seconds} s (after a failed probe: {Probe}): calls are answered without trying"
    )]
    private static partial void LogOpened(ILogger logger, string name, double seconds, bool probe);

    [LoggerMessage(LogLevel.Information, "The circuit to {Name} is closed again")]
    private static partial void LogClosed(ILogger logger, string name);
}
