using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A router without the <c>arp</c> program lists no address: what the list does not say, a scan does.</summary>
public sealed class NoArpProgramTests(BlacklistServer server)
{
    [Fact]
    public async Task A_rule_that_a_failed_block_left_behind_is_lifted()
    {
        var router = await NewRouterAsync();
        var device = router.Simulated.Device();
        await FailToBlockAsync(router, device.Ip);
        router.Simulated.AddRule(device.Mac);

        (await router.SyncAsync()).Texts("lifted").ShouldBe([device.Ip]);

        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_rule_that_an_unblock_left_behind_is_lifted()
    {
        var router = await NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.AddRule(device.Mac);
        (await router.UnblockAsync(device.Ip)).Dispose();

        await router.DriftAsync();

        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_a_block_that_is_there_twice_one_rule_is_lifted()
    {
        var router = await NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.AddRule(device.Mac);

        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 2, Added: 2, Removed: 1));
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }

    /// <summary>No scan shows the device, and the router still resolves its address by the lease.</summary>
    [Fact]
    public async Task What_a_failed_block_of_an_idle_device_left_behind_is_lifted_at_the_address_of_its_row()
    {
        var router = await NewRouterAsync();
        var device = router.Simulated.Device();
        await FailToBlockAsync(router, device.Ip);
        router.Simulated.AddRule(device.Mac);
        router.Simulated.LetIdle(device.Mac);

        (await router.SyncAsync()).Texts("lifted").ShouldBe([device.Ip]);

        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rule_that_is_left_of_a_device_that_is_away_costs_the_device_that_has_its_address_nothing()
    {
        var router = await NewRouterAsync();
        var (gone, successor) = (router.Simulated.Device(), router.Simulated.Device(1));
        await FailToBlockAsync(router, gone.Ip);
        router.Simulated.AddRule(gone.Mac);
        router.Simulated.ChangeDevice(gone.Mac, present: false);
        router.Simulated.ChangeDevice(successor.Mac, ip: gone.Ip);
        await router.ScanAsync();
        (await router.BlockAsync(gone.Ip)).Dispose();
        await router.SettledAsync();

        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(successor.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
        (await router.SyncAsync())
            .GetProperty("unmanaged")
            .EnumerateArray()
            .Select(rule => rule.GetProperty("mac").GetString())
            .ShouldBe([gone.Mac]);
    }

    /// <summary>Whether a scan has shown who has the address now, or nobody has looked yet.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_lift_of_a_device_that_is_away_takes_no_rule_of_the_device_that_has_its_address(bool isSeen)
    {
        var router = await NewRouterAsync();
        var (gone, successor) = (router.Simulated.Device(), router.Simulated.Device(1));
        (await router.BlockAsync(gone.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        (await router.BlockAsync(successor.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.ChangeDevice(gone.Mac, present: false);
        router.Simulated.ChangeDevice(successor.Mac, ip: gone.Ip);
        if (isSeen)
        {
            await router.ScanAsync();
        }

        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1 AND expires_at IS NOT NULL",
            router.RouterId
        );
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<string>(
                    "SELECT state FROM blacklist.user_blacklists WHERE router_id = $1 AND device_mac = $2::macaddr AND NOT maybe_sent AND fence > 0",
                    router.RouterId,
                    gone.Mac
                )
            ).ShouldBe("lifting")
        );
        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(successor.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.Simulated.ChangeDevice(gone.Mac, ip: "192.168.1.170", present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe([successor.Mac]);
            return Task.CompletedTask;
        });
    }

    private async Task FailToBlockAsync(TestRouter router, string ip)
    {
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Status = 500,
                Code = "COMMAND_FAILED",
            }
        );
        (await router.BlockAsync(ip)).Dispose();
        (await router.StatesAsync(ip)).ShouldBe(["failed"]);
    }

    private async Task<TestRouter> NewRouterAsync()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { HasArpProgram = false };
        await router.ScanAsync();
        return router;
    }
}
