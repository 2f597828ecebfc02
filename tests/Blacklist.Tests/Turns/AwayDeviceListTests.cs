using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>The unblock of a device that is away waits for it, in whatever form the list shows its rule, or leaves it out.</summary>
public sealed class AwayDeviceListTests(BlacklistServer server)
{
    /// <summary>Nothing says that the entry is of the device that was blocked.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_block_without_a_MAC_waits_beside_an_entry_without_an_address(bool isSynced)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { Answer = CommandAnswer.Text };
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        if (isSynced)
        {
            await router.SyncAsync();
        }

        await UnblockWaitsAsync(router, device.Ip);

        await LiftsAsync(router, device);
    }

    [Fact]
    public async Task A_block_waits_where_a_list_of_addresses_says_that_somebody_is_away()
    {
        var (router, device) = await BlockedAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { BlockedAsAddresses = true };
        router.Simulated.ChangeDevice(device.Mac, present: false);

        await UnblockWaitsAsync(router, device.Ip);

        await LiftsAsync(router, device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_block_waits_where_a_list_of_addresses_goes_on_to_show_the_device_or_leaves_it_out(bool isShown)
    {
        var (router, device) = await BlockedAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using (Lists(router, isShown ? $"\"{device.Ip}\"" : ""))
        {
            await UnblockWaitsAsync(router, device.Ip);

            await StillWaitsAsync(router);
        }

        await LiftsAsync(router, device);
    }

    [Fact]
    public async Task A_block_waits_where_a_list_of_addresses_shows_another_device_alone()
    {
        var (router, device) = await BlockedAsync();
        var other = router.Simulated.Device(1);
        (await router.BlockAsync(other.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using (Lists(router, $"\"{other.Ip}\""))
        {
            await UnblockWaitsAsync(router, device.Ip);

            await StillWaitsAsync(router);
        }

        await LiftsAsync(router, device);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [other.Mac] = 1 });
    }

    /// <summary>The attempts go by the address, which is that of somebody who is not blocked.</summary>
    [Fact]
    public async Task It_waits_while_another_device_has_the_address()
    {
        var (router, device) = await BlockedAsync();
        var other = router.Simulated.Device(1);
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using (Lists(router, ""))
        {
            await UnblockWaitsAsync(router, device.Ip);
            router.Simulated.ChangeDevice(other.Mac, ip: device.Ip);

            await StillWaitsAsync(router);
        }

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        router.Simulated.ChangeDevice(other.Mac, ip: other.Ip);
        await LiftsAsync(router, device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_a_scan_shows_elsewhere_is_unblocked_there(bool hasRule)
    {
        var (router, device) = await BlockedAsync();
        router.Simulated.ChangeDevice(device.Mac, ip: "192.168.1.250");
        if (!hasRule)
        {
            router.Simulated.RemoveRules(device.Mac);
        }

        using var list = Lists(router, "");
        using var unblocked = await router.UnblockAsync(device.Ip);

        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>Such a list shows who is away, too.</summary>
    [Fact]
    public async Task A_rule_that_a_list_with_MACs_does_not_show_is_gone()
    {
        var (router, device) = await BlockedAsync();
        var other = router.Simulated.Device(1);
        (await router.BlockAsync(other.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        router.Simulated.RemoveRules(device.Mac);

        using var unblocked = await router.UnblockAsync(device.Ip);

        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
    }

    private async Task<(TestRouter Router, SimulatedDevice Device)> BlockedAsync()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Plan, "The deployed form lists MACs.");
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.ScanAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        return (router, device);
    }

    private FaultHandle Lists(TestRouter router, string entries) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Blocked,
                Data = $"[{entries}]",
                Times = null,
            }
        );

    private static async Task UnblockWaitsAsync(TestRouter router, string ip)
    {
        using var unblocked = await router.UnblockAsync(ip);
        (await unblocked.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
    }

    /// <summary>The server's own look ends nothing.</summary>
    private async Task StillWaitsAsync(TestRouter router)
    {
        var id = await server.ScalarAsync<Guid>(
            "SELECT id FROM blacklist.user_blacklists WHERE router_id = $1 AND state <> 'blocked'",
            router.RouterId
        );
        await router.LooksAgainAsync(id);
        (await server.ScalarAsync<string>("SELECT state FROM blacklist.user_blacklists WHERE id = $1", id)).ShouldBe("lifting");
    }

    private static async Task LiftsAsync(TestRouter router, SimulatedDevice device)
    {
        router.Simulated.ChangeDevice(device.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldNotContain(device.Mac);
    }
}
