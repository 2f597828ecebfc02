using NetPilot.Devices.Tests;
using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(DevicesServer))]

namespace NetPilot.Devices.Tests;

/// <summary>The server that all tests here share: gives a scan up soon enough to be tested.</summary>
public sealed class DevicesServer : NetPilotServer
{
    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = "00:00:05";
        settings["CommandsServer:Timeouts:Scan"] = "00:00:10";
        settings["CommandsServer:Timeouts:Total"] = "00:00:20";
    }
}
