using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(NetPilot.Blacklist.Tests.BlacklistServer))]
// Most of the time of these tests is spent waiting for the router.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 8)]

namespace NetPilot.Blacklist.Tests;

/// <summary>
/// The server that all tests here share: settles quickly, and gives a command up soon enough to be tested, but not because a machine is busy.
/// </summary>
public sealed class BlacklistServer : NetPilotServer
{
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Scan"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Total"] = "00:01:00";
        settings["Tiers:free:MaxBlocks"] = "25";
    }

    // The first tests start side by side on a server that has compiled nothing yet.
    protected override async Task WarmUpAsync()
    {
        var router = await this.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        (await router.UnblockAsync(device.Ip)).Dispose();
    }
}
