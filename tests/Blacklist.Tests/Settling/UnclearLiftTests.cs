using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A lift that failed, beside an entry that may be the rule: each attempt restarts the firewall.</summary>
public sealed class UnclearLiftTests(BlacklistServer server)
{
    private const string Unreadable = """{"mac":"br:lan","ip":"N/A"}""";

    /// <summary>The list can't say that the rule is gone, and each attempt restarts the firewall.</summary>
    [Fact]
    public async Task A_lift_that_is_refused_and_cannot_be_checked_is_tried_with_growing_pauses()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);
        router.Simulated.SetExtraBlocked(Unreadable);

        await router.BacksOffAsync(
            () => server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId),
            router.LookNowAsync
        );

        router.Simulated.SetExtraBlocked();
        await router.LookNowAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
    }

    [Fact]
    public async Task A_rule_that_is_no_devices_and_cannot_be_taken_back_is_tried_with_growing_pauses()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        router.Simulated.SetArp(device.Ip, null);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        using (var response = await router.BlockAsync(device.Ip))
        {
            await response.ShouldBeProblemAsync(502, "command_failed");
        }

        // The first attempt is the one that takes it back at once.
        await router.BacksOffAsync(router.LookNowAsync, router.LookNowAsync);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = false };
        await router.LookNowAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>The rule that waits to be lifted never was the device's.</summary>
    [Fact]
    public async Task A_device_whose_block_was_taken_back_in_vain_is_not_called_blocked()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        router.Simulated.SetArp(device.Ip, null);
        using (FailUnblocks(router))
        {
            using (var takenBack = await router.BlockAsync(device.Ip))
            {
                await takenBack.ShouldBeProblemAsync(502, "command_failed");
            }

            await IsNotCalledBlockedAsync(router, device);
        }

        router.Simulated.ResetArp();
        router.Simulated.Clear();
        using var blocked = await router.BlockAsync(device.Ip);
        await blocked.ShouldBeJsonAsync(201);
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pause_of_a_device_that_sleeps_waits_for_it(bool takesBackNoisily)
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockFailsNoisily = takesBackNoisily };
        router.Simulated.SetArp(device.Ip, null);

        await router.HoldAsync(Holding.Pause(Holding.NewId(), id));

        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            var row = await router.RowAsync();
            (row.Value<string>("state"), row.Value<bool>("maybe_sent")).ShouldBe(("applying", false));
            router.Simulated.RuleCounts.ShouldBeEmpty();
        });
        router.Simulated.ResetArp();
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
            router.Simulated.Rules.ShouldBe([device.Mac]);
        });
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
    }

    [Fact]
    public async Task A_user_lets_a_device_through_whose_rule_cannot_be_taken_back_yet()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.SetArp(device.Ip, null);
        using (FailUnblocks(router))
        {
            await router.HoldAsync(Holding.Pause(Holding.NewId(), id));
            (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        }

        await router.DueNowAsync();
        (await router.UnblockAsync(device.Ip, "respond-async")).Dispose();

        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
        });
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_users_block_of_a_device_that_sleeps_fails_and_the_pause_on_it_goes_on_alone()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                router.Simulated.SetArp(device.Ip, null);
                held.Begin(router);
                var block = router.BlockAsync(device.Ip);
                await held.WaitAsync();
                await router.HoldAsync([Holding.Pause(Holding.NewId(), id)], wait: TimeSpan.Zero);
                held.Release();

                using var refused = await block;

                await refused.ShouldBeProblemAsync(502, "command_failed");
                (await router.RowAsync()).Value<string>("state").ShouldBe("applying");
                (await router.HoldKindsAsync()).ShouldBe(["pause"]);
            }
        );
    }

    [Fact]
    public async Task Nor_is_one_that_was_blocked_before()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect finds no device behind an incomplete entry.");
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                await router.ScanAsync();
                var device = router.Simulated.Device();
                await router.HaveBlockedAsync([device], withRules: false);
                using var failing = FailUnblocks(router);
                held.Begin(router);
                var syncing = router.SyncAsync();
                await held.WaitAsync();
                router.Simulated.SetArp(device.Ip, null);
                held.Release();
                await syncing;

                await IsNotCalledBlockedAsync(router, device);
            }
        );
    }

    private static async Task IsNotCalledBlockedAsync(TestRouter router, SimulatedDevice device)
    {
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        using var again = await router.BlockAsync(device.Ip);
        await again.ShouldBeProblemAsync(503, "router_unreachable");
    }

    private FaultHandle FailUnblocks(TestRouter router) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Status = 503,
                Code = "TUNNEL_OR_ROUTER_UNAVAILABLE",
                Times = null,
            }
        );

    /// <summary>Nobody waits for the next attempt, which may be an hour away.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("respond-async")]
    public async Task A_device_whose_lift_waits_is_blocked_again_as_soon_as_the_list_can_be_read(string? prefer)
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "In the plan dialect a refused unblock is surely not done.");
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);
        router.Simulated.SetExtraBlocked(Unreadable);
        using (var refused = await router.UnblockAsync(device.Ip))
        {
            await refused.ShouldBeProblemAsync(502, "command_failed");
        }

        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 h' WHERE router_id = $1",
            router.RouterId
        );
        router.Simulated.SetExtraBlocked();

        using var response = await router.BlockAsync(device.Ip, prefer);

        ((int)response.StatusCode).ShouldBeInRange(200, 202);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldContain("blocked"));
        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 2, Removed: 1));
    }
}
