using NetPilot.DevStack;
using NetPilot.Testing;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>A process of the server with settings of its own, for a class of tests.</summary>
public abstract class Replica(NetPilotServer server) : IAsyncLifetime
{
    private NetPilotProcess? _process;

    public NetPilotProcess Process => _process ?? throw new InvalidOperationException("Not started yet.");

    protected abstract IReadOnlyDictionary<string, string?> Overrides { get; }

    public async ValueTask InitializeAsync() => _process = await server.StartReplicaAsync(Overrides, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _process?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}

/// <summary>Behind a trusted proxy, with a frontend, with narrow rate limits, and with metrics on a port of their own.</summary>
public sealed class ProductionLikeReplica(NetPilotServer server) : Replica(server)
{
    public const string Origin = "https://app.example.com";
    public const string AppOrigin = "capacitor://localhost";
    public const string MetricsToken = "scrape-scrape-scrape";
    public const int AuthPerMinute = 4;
    public const int RequestsPerMinute = 12;

    public int MetricsPort { get; } = LoopbackPorts.Take();

    protected override IReadOnlyDictionary<string, string?> Overrides =>
        new Dictionary<string, string?>
        {
            ["Cors:Origins:0"] = Origin,
            ["Cors:Origins:1"] = AppOrigin,
            ["ForwardedHeaders:KnownNetworks:0"] = "127.0.0.0/8",
            ["RateLimits:Enabled"] = "true",
            ["RateLimits:AuthPerMinute"] = $"{AuthPerMinute}",
            ["RateLimits:RequestsPerMinute"] = $"{RequestsPerMinute}",
            ["Metrics:Port"] = $"{MetricsPort}",
            ["Metrics:Token"] = MetricsToken,
            ["Swagger:Enabled"] = "false",
        };
}

/// <summary>With rate limits, nobody to trust about addresses, and nobody to tell metrics to.</summary>
public sealed class ExposedReplica(NetPilotServer server) : Replica(server)
{
    protected override IReadOnlyDictionary<string, string?> Overrides =>
        new Dictionary<string, string?>
        {
            ["RateLimits:Enabled"] = "true",
            ["RateLimits:AuthPerMinute"] = "3",
            ["Metrics:Token"] = null,
        };
}
