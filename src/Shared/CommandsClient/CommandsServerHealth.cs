namespace NetPilot.CommandsClient;

/// <summary>Whether the Commands-Server itself is there, for health reports.</summary>
public sealed class CommandsServerHealth
{
    private readonly CircuitBreaker _circuit;
    private readonly CommandsTransport _transport;
    private readonly CommandsServerOptions _options;
    private readonly TimeProvider _time;

    internal CommandsServerHealth(
        Circuits circuits,
        CommandsTransport transport,
        IOptions<CommandsServerOptions> options,
        TimeProvider time
    )
    {
        _circuit = circuits.Server;
        _transport = transport;
        _options = options.Value;
        _time = time;
    }

    /// <summary>The state of the circuit: whether calls are let through.</summary>
    public CommandsCircuitState State => _circuit.State;

    /// <summary>
    /// Whether the Commands-Server answers and its circuit lets calls through. It is asked within the timeout of session calls and through the
    /// circuit like every call; where the dialect has no such question (the plan's), it is enough that it takes a connection.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting. A call that was sent goes on to its own end, and the circuit counts it.</param>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answers = _transport.Supports(CommandsOperation.Health)
                ? await AskAsync(cancellationToken).WaitAsync(cancellationToken)
                : await ListensAsync(cancellationToken);
            return answers && State != CommandsCircuitState.Open;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        using var budget = new Budget(_options.Timeouts.TimeoutOf(CommandsOperation.Health), _time);
        var answer = await _transport.SendAsync(new CommandsCall(CommandsOperation.Health, null, null), budget, cancellationToken);
        return answer is CallOutcome.Envelope { Status: >= 200 and < 300 } or CallOutcome.NoEnvelope { Status: >= 200 and < 300 };
    }

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(_options.BaseUrl.Host, _options.BaseUrl.Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>The states of the circuit to the Commands-Server.</summary>
public enum CommandsCircuitState
{
    /// <summary>Calls are made.</summary>
    Closed,

    /// <summary>One call at a time is let through, to see whether the Commands-Server is back.</summary>
    HalfOpen,

    /// <summary>Calls are refused at once.</summary>
    Open,
}
