namespace NetPilot.CommandsClient;

/// <summary>The settings under <c>CommandsServer</c>.</summary>
public sealed class CommandsServerOptions
{
    /// <summary>The configuration section's name.</summary>
    public const string Section = "CommandsServer";

    /// <summary>Where the Commands-Server listens: https, or http to loopback, or http where <see cref="AllowPlainHttp"/> says so.</summary>
    public Uri BaseUrl { get; set; } = new("http://127.0.0.1:3000");

    /// <summary>Allows http to an address that is not loopback.</summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>Which form of the Commands-Server this is.</summary>
    public CommandsDialect Dialect { get; set; } = CommandsDialect.Plan;

    /// <summary>
    /// Whether the Commands-Server finds a device by any address that contains the one sent, so that a block or unblock of <c>192.168.1.1</c>
    /// can hit <c>192.168.1.10</c>: the published code of the deployed dialect does.
    /// </summary>
    public bool MatchesAddressesBySubstring => Dialect == CommandsDialect.Deployed;

    /// <summary>Single paths that differ from the dialect's, by operation name (for instance <c>Block</c>).</summary>
    public Dictionary<string, string> Paths { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sent as <c>X-Api-Key</c> when set.</summary>
    public string? ApiKey { get; set; }

    /// <summary>How long calls may take.</summary>
    public CommandsTimeouts Timeouts { get; set; } = new();

    /// <summary>How many faults within ten seconds open a circuit: the one to the Commands-Server, or a router's own.</summary>
    public int CircuitFaults { get; set; } = 5;

    /// <summary>How long a login waits for the session's start.</summary>
    public TimeSpan LoginStartBudget { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>The settings under <c>CommandsServer:Timeouts</c>.</summary>
public sealed class CommandsTimeouts
{
    /// <summary>For a connection to be made.</summary>
    public TimeSpan Connect { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>For starting, ending and refreshing a session.</summary>
    public TimeSpan Session { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>For a command, mending its session included.</summary>
    public TimeSpan Command { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>For a scan or a speed test, mending its session included.</summary>
    public TimeSpan Scan { get; set; } = TimeSpan.FromSeconds(65);

    /// <summary>For one user request, waiting for the router's turn included.</summary>
    public TimeSpan Total { get; set; } = TimeSpan.FromSeconds(70);
}

/// <summary>The two forms of the Commands-Server.</summary>
public enum CommandsDialect
{
    /// <summary>What its plan specifies.</summary>
    Plan,

    /// <summary>What its published code does.</summary>
    Deployed,
}
