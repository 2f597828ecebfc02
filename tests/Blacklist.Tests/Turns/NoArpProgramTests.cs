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
