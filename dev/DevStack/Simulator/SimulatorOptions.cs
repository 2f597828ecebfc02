namespace NetPilot.DevStack.Simulator;

/// <summary>How a <see cref="CommandsServerSimulator"/> behaves.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Which form of the Commands-Server is played.</summary>
    public SimulatorDialect Dialect { get; init; } = SimulatorDialect.Plan;

    /// <summary>The loopback port; 0 takes a free one, which a restart keeps.</summary>
    public int Port { get; init; }

    /// <summary>When set, every call must carry it as <c>X-Api-Key</c>.</summary>
    public string? ApiKey { get; init; }

    /// <summary>After how long without a call a session is forgotten.</summary>
    public TimeSpan SessionIdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long each command takes on the router; nothing by default.</summary>
    public TimeSpan CommandTime { get; init; }

    /// <summary>Whether devices come, go and change their addresses over time, in the homes that were asked for lately.</summary>
    public bool Alive { get; init; }

    /// <summary>How often something happens in a home that is alive.</summary>
    public TimeSpan AliveInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The plan dialect may list blocked devices by address alone: <c>["192.168.1.10"]</c> in place of objects.</summary>
    public bool ListBlockedAsAddresses { get; init; }

    /// <summary>Whether the deployed form can refresh a session: the published code cannot, its plan could.</summary>
    public bool RefreshWorks { get; init; }

    /// <summary>How every router behaves until it is told otherwise.</summary>
    public RouterBehaviour Behaviour { get; init; } = new();

    /// <summary>How many calls are remembered.</summary>
    public int KeptCalls { get; init; } = 20_000;

    /// <summary>How many homes are remembered; beyond it those that nothing was changed in are made anew when asked for.</summary>
    public int KeptRouters { get; init; } = 50_000;

    /// <summary>The clock: sessions idle out by it, and delays are counted on it.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Further pages on the same port; answers false to leave a request to the simulator.</summary>
    internal Func<HttpContext, Task<bool>>? FurtherPages { get; init; }

    /// <summary>What NetPilot has stored of the devices of these routers, where that is known.</summary>
    internal Func<IReadOnlyCollection<string>, CancellationToken, Task<IReadOnlyList<HouseholdDevice>>>? Households { get; init; }
}

/// <summary>The two forms of the Commands-Server.</summary>
public enum SimulatorDialect
{
    /// <summary>What its plan specifies.</summary>
    Plan,

    /// <summary>What its published code does.</summary>
    Deployed,
}
