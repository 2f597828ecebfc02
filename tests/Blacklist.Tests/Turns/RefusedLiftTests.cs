using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>Each refusal restarts the router's firewall: what was refused is tried with growing pauses. A router that is away costs nothing.</summary>
public sealed class RefusedLiftTests(BlacklistServer server)
{
    [Fact]
    public async Task A_timed_block_whose_lift_is_refused_is_tried_with_growing_pauses_and_says_so()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        var attempts = await router.BacksOffAsync(
            () => server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId),
            router.DueNowAsync
        );

        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("lifting");
        block.GetProperty("code").GetString().ShouldBe("command_failed");
        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBe(attempts);
        await LiftsWhenItMayAsync(router, device);
    }

    [Fact]
    public async Task A_rule_of_an_ended_block_whose_lift_is_refused_is_tried_with_growing_pauses_and_says_so()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        (await router.UnblockAsync(device.Ip)).Dispose();
        router.Simulated.AddRule(device.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        await router.BacksOffAsync(router.DriftAsync, router.DueNowAsync);

        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("lifting");
        block.GetProperty("code").GetString().ShouldBe("command_failed");
        await LiftsWhenItMayAsync(router, device);
    }

    [Fact]
    public async Task A_rule_of_a_failed_block_whose_lift_is_refused_is_under_way_again()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Status = 500,
                Code = "COMMAND_FAILED",
            }
        );
        (await router.BlockAsync(device.Ip)).Dispose();
        (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]);
        router.Simulated.AddRule(device.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        await router.SyncAsync();

        (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        (
            await server.ScalarAsync<int>("SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = 'block'", router.Owner.Id)
        ).ShouldBe(1);
        await LiftsWhenItMayAsync(router, device);
        (
            await server.ScalarAsync<int>("SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = 'block'", router.Owner.Id)
        ).ShouldBe(0);
    }

    [Fact]
    public async Task A_router_that_is_away_is_tried_often()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.Online = false;
        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);

        for (var look = 1; look <= 6; look++)
        {
            // Between the look and this statement the second may be over, and a worker may have claimed the row for a longer time.
            var tries = 0;
            do
            {
                (++tries).ShouldBeLessThan(6);
                await LooksAgainAsync(router);
            } while (!await IsDueSoonAsync(router));
        }

        // However often it could not be asked, the router has refused nothing yet.
        (await router.RowAsync())
            .Value<int>("attempts")
            .ShouldBeInRange(0, 1);
        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    private async Task LiftsWhenItMayAsync(TestRouter router, SimulatedDevice device)
    {
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = false };
        await router.DueNowAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    private static async Task LooksAgainAsync(TestRouter router)
    {
        var fence = (await router.RowAsync()).Value<long>("fence");
        await router.DueNowAsync();
        await Eventually.HoldsAsync(async () =>
        {
            var row = await router.RowAsync();
            row.Value<long>("fence").ShouldBeGreaterThan(fence);
            row.Value<bool>("maybe_sent").ShouldBeFalse();
        });
    }

    /// <summary>The pause is a tenth of the time that it is late, and a tenth of that.</summary>
    private Task<bool> IsDueSoonAsync(TestRouter router) =>
        server.ScalarAsync<bool>(
            """
            SELECT settle_at <= clock_timestamp() + interval '1.1 s' + (clock_timestamp() - expires_at) * 0.11
            FROM blacklist.user_blacklists WHERE router_id = $1
            """,
            router.RouterId
        );
}
