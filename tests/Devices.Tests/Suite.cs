using Microsoft.Extensions.DependencyInjection;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Tests;
using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(DevicesServer))]

namespace NetPilot.Devices.Tests;

/// <summary>The server that all tests here share: gives a scan up soon enough to be tested.</summary>
public sealed class DevicesServer : NetPilotServer
{
    /// <summary>What was told of each router's devices.</summary>
    public LastSightings Sightings { get; } = new();

    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = "00:00:05";
        settings["CommandsServer:Timeouts:Scan"] = "00:00:10";
        settings["CommandsServer:Timeouts:Total"] = "00:00:20";
    }

    protected override void ConfigureServices(IServiceCollection services) => services.AddSingleton<IDeviceSightings>(Sightings);
}
