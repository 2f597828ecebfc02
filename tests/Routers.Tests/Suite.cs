using NetPilot.Routers.Tests;
using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(RoutersServer))]

namespace NetPilot.Routers.Tests;

/// <summary>The server that all tests here share: gives a command up soon enough to be tested.</summary>
public sealed class RoutersServer : NetPilotServer
{
    public const int MaxRoutersOfPro = 10;
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Scan"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Total"] = "00:00:30";
        settings["Tiers:pro:MaxRouters"] = MaxRoutersOfPro.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
