using NetPilot.CommandsClient.Resilience;

namespace NetPilot.CommandsClient;

/// <summary>What the client has seen of the Commands-Server itself, for health reports and metrics. Reading it makes no call.</summary>
public sealed class CommandsServerHealth
{
    private readonly CircuitBreaker _breaker;

    internal CommandsServerHealth(CircuitBreaker breaker) => _breaker = breaker;

    /// <summary>The state of the circuit: whether calls are let through.</summary>
    public CommandsCircuitState State => _breaker.State;

    /// <summary>When the Commands-Server last answered anything but a bare 5xx; null if it has not yet.</summary>
    public DateTimeOffset? LastSuccessAt => _breaker.LastSuccessAt;

    /// <summary>When the Commands-Server last could not be reached, broke a connection or answered a bare 5xx; null if it has not yet.</summary>
    public DateTimeOffset? LastFailureAt => _breaker.LastFailureAt;
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
