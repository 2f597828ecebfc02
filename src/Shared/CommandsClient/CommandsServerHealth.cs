using Microsoft.Extensions.Options;
using NetPilot.CommandsClient.Resilience;
using NetPilot.CommandsClient.Transport;

namespace NetPilot.CommandsClient;

/// <summary>What the client has seen of the Commands-Server itself, for health reports and metrics. Reading the properties makes no call.</summary>
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

    /// <summary>When the Commands-Server last answered anything but a bare 5xx; null if it has not yet.</summary>
    public DateTimeOffset? LastSuccessAt => _circuit.LastSuccessAt;

    /// <summary>When the Commands-Server last could not be reached, or failed for more than one router; null if it has not yet.</summary>
    public DateTimeOffset? LastFailureAt => _circuit.LastFailureAt;

    /// <summary>
    /// Asks the Commands-Server how it is, within the timeout of session calls and through the circuit like every call: whether it answered
    /// with a 2xx. Null, and no call, where the dialect has no such question (the plan's).
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting for a call that was not sent yet.</param>
    public async Task<bool?> ProbeAsync(CancellationToken cancellationToken)
    {
        if (!_transport.Supports(CommandsOperation.Health))
        {
            return null;
        }

        using var budget = new Budget(_options.Timeouts.TimeoutOf(CommandsOperation.Health), _time);
        var answer = await _transport.SendAsync(new CommandsCall(CommandsOperation.Health, null, null), budget, cancellationToken);
        return answer is Answer.Envelope { Status: >= 200 and < 300 } or Answer.NoEnvelope { Status: >= 200 and < 300 };
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
