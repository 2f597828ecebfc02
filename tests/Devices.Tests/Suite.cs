using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Tests;
using NetPilot.Routers.Contracts;
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

/// <summary>One more follower of devices, that keeps what it was told last about each router.</summary>
public sealed class LastSightings : IDeviceSightings
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<DeviceSighting>> _told = new();

    public IEnumerable<(string Mac, string Ip)> Of(TestRouter router) =>
        _told
            .GetValueOrDefault(router.RouterId, [])
            .Select(pair =>
                (BitConverter.ToString(pair.Mac.GetAddressBytes()).Replace('-', ':').ToLowerInvariant(), pair.Address.ToString())
            );

    public Task DevicesSeenAsync(OwnedRouter router, IReadOnlyList<DeviceSighting> devices, CancellationToken cancellationToken)
    {
        _told[router.RouterId] = devices;
        return Task.CompletedTask;
    }
}
