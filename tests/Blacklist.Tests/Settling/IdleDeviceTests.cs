using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A device that is silent: no scan shows it, the list names it without an address, and the router knows it by its lease.</summary>
public sealed class IdleDeviceTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Idle = new("192.168.1.160", "3c:52:82:00:01:60", "idle");
    private static readonly SimulatedDevice Awake = new("192.168.1.170", "3c:52:82:00:01:70", "awake");

    [Theory]
    [InlineData(null)]
    [InlineData(CommandAnswer.Text)]
    public async Task It_has_one_rule_and_its_MAC_is_what_the_router_says(CommandAnswer? answer)
    {
        var router = await NewRouterAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { Answer = answer };

        using var blocked = await router.BlockAsync(Idle.Ip);

        var block = await blocked.ShouldBeJsonAsync(201);
        if (answer is null)
        {
            block.GetProperty("mac").GetString().ShouldBe(Idle.Mac);
        }

        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(Idle.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        using var unblocked = await router.UnblockAsync(Idle.Ip);
        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_that_is_refused_while_it_is_away_waits_for_it()
    {
        var router = await NewRouterAsync();
        (await router.BlockAsync(Idle.Ip)).Dispose();
        router.Simulated.RemoveLease(Idle.Ip);

        using var response = await router.UnblockAsync(Idle.Ip);

        (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        await router.CompareAgainAndAgainAsync();
        (await router.StatesAsync(Idle.Ip)).ShouldBe(["lifting"]);
        router.Simulated.ChangeDevice(Idle.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Idle.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>At night a phone sleeps, and the time of its block ends while others are blocked and awake.</summary>
    [Fact]
    public async Task A_block_whose_time_ends_while_it_is_idle_is_lifted_by_its_lease()
    {
        var router = await NewRouterAsync();
        (await router.BlockAsync(Idle.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        (await router.BlockAsync(Awake.Ip)).Dispose();
        await router.SettledAsync();

        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1 AND expires_at IS NOT NULL",
            router.RouterId
        );

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Idle.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBe([Awake.Mac]);
    }

    /// <summary>The router finds it by its lease: it refuses, and does not wait for the device.</summary>
    [Fact]
    public async Task An_unblock_that_the_router_refuses_says_why()
    {
        var router = await NewRouterAsync();
        (await router.BlockAsync(Idle.Ip)).Dispose();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        (await router.UnblockAsync(Idle.Ip)).Dispose();

        var row = await router.RowAsync();
        row.Value<string>("code").ShouldBe("command_failed");
        row.Value<string>("code_detail").ShouldContain("Failed to apply unblock rule");
    }

    [Fact]
    public async Task An_unblock_that_waits_goes_on_though_a_sync_is_refused_it()
    {
        var router = await NewRouterAsync();
        (await router.BlockAsync(Idle.Ip)).Dispose();
        router.Simulated.RemoveLease(Idle.Ip);
        using (var unblocked = await router.UnblockAsync(Idle.Ip))
        {
            await unblocked.ShouldBeJsonAsync(202);
        }

        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };
        router.Simulated.ChangeDevice(Idle.Mac, present: true);
        var before = router.Simulated.CommandsOf(SimulatorOperation.Unblock);

        await router.SyncAsync();

        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBeGreaterThan(before);
        (await router.StatesAsync(Idle.Ip)).ShouldBe(["lifting"]);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = false };
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(Idle.Ip)).ShouldBe(["lifted"]);
        });
    }

    [Fact]
    public async Task An_unblock_that_is_refused_is_no_absence_where_the_list_names_no_address()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { HasArpProgram = false };
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        using var response = await router.UnblockAsync(device.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("code").GetString().ShouldBe("command_failed");
        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBe(1);
    }

    private async Task<TestRouter> NewRouterAsync()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Idle, Awake);
        router.Simulated.LetIdle(Idle.Mac);
        return router;
    }
}
