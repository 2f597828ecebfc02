using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>Each refusal restarts the router's firewall: what was refused is tried with growing pauses. A router that is away costs nothing.</summary>
public sealed class RefusedLiftTests(BlacklistServer server)
{
    private const int LongestPause = 3600;

    [Fact]
    public async Task A_timed_block_whose_lift_is_refused_is_tried_with_growing_pauses_and_says_so()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };

        await BackOffAsync(
            router,
            first: 1,
            () => server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId)
        );

        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("lifting");
        block.GetProperty("code").GetString().ShouldBe("command_failed");
        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBe(11);
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

        await BackOffAsync(router, first: 1, router.DriftAsync);

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
            await LooksAgainAsync(router);
            // A tenth of the time that it is late, and a tenth of that.
            (
                await server.ScalarAsync<bool>(
                    """
                    SELECT settle_at <= clock_timestamp() + interval '1.1 s' + (clock_timestamp() - expires_at) * 0.11
                    FROM blacklist.user_blacklists WHERE router_id = $1
                    """,
                    router.RouterId
                )
            ).ShouldBeTrue();
        }

        // However often it could not be asked, the router has refused nothing yet.
        (await router.RowAsync())
            .Value<int>("attempts")
            .ShouldBeInRange(0, 1);
        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>Attempt after attempt is made due, and each puts the next one off twice as long, up to an hour.</summary>
    private async Task BackOffAsync(TestRouter router, int first, Func<Task> begin)
    {
        var before = await NowAsync();
        await begin();
        for (var attempts = first; attempts <= 11; attempts++)
        {
            await ReachesAsync(router, attempts);
            var after = await NowAsync();
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause, 10 << (attempts - 1)));
            var row = await router.RowAsync();
            row.Value<string>("state").ShouldBe("lifting");
            row.Value<string>("code").ShouldBe("command_failed");
            row.Value<DateTime>("settle_at").ShouldBeInRange(before + pause, after + (pause * 1.1));
            before = await NowAsync();
            if (attempts < 11)
            {
                await router.DueNowAsync();
            }
        }
    }

    private async Task LiftsWhenItMayAsync(TestRouter router, SimulatedDevice device)
    {
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = false };
        await router.DueNowAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    private static Task ReachesAsync(TestRouter router, int attempts) =>
        Eventually.HoldsAsync(async () =>
        {
            var row = await router.RowAsync();
            row.Value<int>("attempts").ShouldBe(attempts);
            row.Value<bool>("maybe_sent").ShouldBeFalse();
        });

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

    private Task<DateTime> NowAsync() => server.ScalarAsync<DateTime>("SELECT clock_timestamp()");
}
