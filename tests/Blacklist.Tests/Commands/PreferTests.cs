using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Commands;

public sealed class PreferTests(BlacklistServer server)
{
    [Theory]
    [InlineData("respond-async")]
    [InlineData("wait=0")]
    [InlineData("handling=lenient, respond-async; x=y")]
    public async Task Respond_async_is_202_and_the_server_goes_on(string prefer)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();

        using var response = await router.BlockAsync(device.Ip, prefer);

        var block = await response.ShouldBeJsonAsync(202);
        response.Headers.GetValues("Preference-Applied").ShouldHaveSingleItem();
        response.Headers.Location!.ToString().ShouldBe(router.Path($"blocked/{block.GetProperty("id").GetGuid()}"));
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
    }

    [Fact]
    public async Task An_unblock_that_goes_on_says_where_its_block_is()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();

        using var response = await router.UnblockAsync(device.Ip, "respond-async");

        var block = await response.ShouldBeJsonAsync(202);
        response.Headers.Location!.ToString().ShouldBe(router.Path($"blocked/{block.GetProperty("id").GetGuid()}"));
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
    }

    [Fact]
    public async Task Wait_is_201_when_it_is_done_in_time()
    {
        var router = await server.NewRouterAsync();

        using var response = await router.BlockAsync(router.Simulated.Device().Ip, "wait=60");

        await response.ShouldBeJsonAsync(201);
        response.Headers.GetValues("Preference-Applied").ShouldBe(["wait=60"]);
    }

    [Theory]
    [InlineData("wait=61")]
    [InlineData("wait=-1")]
    [InlineData("wait=soon")]
    [InlineData("return=minimal")]
    public async Task Anything_else_is_ignored(string prefer)
    {
        var router = await server.NewRouterAsync();

        using var response = await router.BlockAsync(router.Simulated.Device().Ip, prefer);

        await response.ShouldBeJsonAsync(201);
        response.Headers.Contains("Preference-Applied").ShouldBeFalse();
    }

    [Fact]
    public Task Through_an_offline_router_the_row_says_the_last_failure_and_its_unblock_cancels_it() =>
        Races.RunAsync(async () =>
        {
            var router = await server.NewRouterAsync();
            var device = router.Simulated.Device();
            router.Simulated.Online = false;

            using var response = await router.BlockAsync(device.Ip, "wait=20");
            var block = await response.ShouldBeJsonAsync(202);
            block.GetProperty("state").GetString().ShouldBe("applying");
            block.GetProperty("code").GetString().ShouldBe(server.OfflineCode());

            using var cancelled = await router.UnblockAsync(device.Ip);

            if (IsOutcomeKnown)
            {
                (await cancelled.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
            }
            else
            {
                await cancelled.ShouldBeOfflineAsync(server);
                if (await router.StatesAsync(device.Ip) is ["applying"])
                {
                    throw new RaceLostException("The time of the unblock was over before the router could be asked for it.");
                }

                router.Simulated.Online = true;
                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
            }

            router.Simulated.RuleHistory.ShouldBeEmpty();
            router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
        });

    [Fact]
    public async Task When_the_router_is_back_the_block_is_put_in_force_by_the_server()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        router.Simulated.Online = false;
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();

        await ComesBackAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
        var session = router.CallsOf(SimulatorOperation.Block)[^1].SessionId;
        (
            await server.ScalarAsync<bool>("SELECT user_id IS NULL FROM identity.sessions WHERE commands_session_id = $1::uuid", session)
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task After_a_day_the_server_gives_up_with_the_last_code()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        router.Simulated.Online = false;
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();

        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET give_up_at = now(), settle_at = now() WHERE router_id = $1",
            router.RouterId
        );
        if (!IsOutcomeKnown)
        {
            router.Simulated.Online = true;
        }

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]));
        (await router.BlockedAsync("?state=failed")).Single().GetProperty("code").GetString().ShouldBe(server.OfflineCode());
        router.Simulated.RuleHistory.ShouldBeEmpty();
    }

    [Fact]
    public async Task Unblock_takes_it_too()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.Online = false;

        using var response = await router.UnblockAsync(device.Ip, "wait=20");
        (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        // A lift that the router did not refuse is tried again within seconds.
        router.Simulated.Online = true;

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_that_does_not_wait_for_the_block_under_way_is_seen_to_by_the_server()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                held.Begin(router);
                var blocking = router.BlockAsync(device.Ip);
                await held.WaitAsync();

                using var response = await router.UnblockAsync(device.Ip, "respond-async");

                (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
                held.Release();
                (await blocking).Dispose();
                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
                router.Simulated.Rules.ShouldBeEmpty();
            }
        );
    }

    [Fact]
    public async Task An_unblock_of_a_block_of_unknown_outcome_goes_on_though_the_router_fails_at_once()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.BlockOfUnknownOutcomeAsync(device);
        router.Simulated.Online = false;

        using var response = await router.UnblockAsync(device.Ip, "wait=20");

        (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
        });
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_block_that_does_not_wait_for_the_unblock_under_way_is_seen_to_by_the_server()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                (await router.BlockAsync(device.Ip)).Dispose();
                held.Begin(router);
                var unblocking = router.UnblockAsync(device.Ip);
                await held.WaitAsync();

                using var response = await router.BlockAsync(device.Ip, "respond-async", new { reason = "after all" });

                var block = await response.ShouldBeJsonAsync(202);
                block.GetProperty("state").GetString().ShouldBe("applying");
                block.GetProperty("reason").GetString().ShouldBe("after all");
                held.Release();
                (await unblocking).Dispose();
                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
                router.Simulated.RuleCounts.Values.ShouldBe([1]);
            }
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_block_that_waits_for_its_device_is_tried_as_soon_as_a_scan_shows_it(bool byAddress)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        object body = byAddress ? new { ip = device.Ip } : new { deviceId = id };
        using var accepted = await router.SendAsync(HttpMethod.Post, "block", body, "respond-async");
        await accepted.ShouldBeJsonAsync(202);
        await router.AnsweredAsync();
        await router.DueInAnHourAsync();
        router.Simulated.ChangeDevice(device.Mac, present: true);

        await router.ScanAsync();

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    [Fact]
    public async Task A_second_block_is_the_next_attempt_of_one_that_waits()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using var accepted = await router.BlockAsync(device.Ip, "wait=20");
        var id = (await accepted.ShouldBeJsonAsync(202)).GetProperty("id").GetGuid();
        await router.DueInAnHourAsync();
        var calls = router.Calls.Count;

        using (var refused = await router.BlockAsync(device.Ip))
        {
            await refused.ShouldBeProblemAsync(502, "command_failed");
        }

        router.Calls.Count.ShouldBeGreaterThan(calls);
        (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
        await router.DueInAnHourAsync();
        router.Simulated.ChangeDevice(device.Mac, present: true);
        using var blocked = await router.BlockAsync(device.Ip, more: new { reason = "x" });
        var block = await blocked.ShouldBeJsonAsync(200);
        (block.GetProperty("id").GetGuid(), block.GetProperty("state").GetString()).ShouldBe((id, "blocked"));
        block.GetProperty("reason").GetString().ShouldBe("x");
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    [Fact]
    public async Task A_second_block_of_one_that_waits_tells_the_failure_of_its_own_attempt()
    {
        Assert.SkipUnless(IsOutcomeKnown, "The deployed form does not say that a router is away.");
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        await router.DueInAnHourAsync();
        router.Simulated.Online = false;

        using var refused = await router.BlockAsync(device.Ip);

        await refused.ShouldBeProblemAsync(503, "router_unreachable");
        var row = await router.RowAsync();
        (row.Value<string>("state"), row.Value<string>("code")).ShouldBe(("applying", "router_unreachable"));
    }

    [Fact]
    public async Task The_attempts_of_a_user_do_not_lengthen_the_pauses_of_the_server()
    {
        Assert.SkipUnless(IsOutcomeKnown, "The deployed form does not say that a router is away.");
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        await router.DueInAnHourAsync();
        var before = (await router.RowAsync()).Value<int>("attempts");

        for (var asked = 0; asked < 3; asked++)
        {
            using var refused = await router.BlockAsync(device.Ip);
            await refused.ShouldBeProblemAsync(503, "router_unreachable");
        }

        (await router.RowAsync()).Value<int>("attempts").ShouldBe(before);
    }

    [Fact]
    public async Task One_that_waits_and_that_the_router_holds_already_is_not_sent_again()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        await router.DueInAnHourAsync();
        router.Simulated.ChangeDevice(device.Mac, present: true);
        router.Simulated.AddRule(device.Mac);

        using var blocked = await router.BlockAsync(device.Ip);

        await blocked.ShouldBeJsonAsync(200);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    [Fact]
    public async Task So_is_a_block_that_prefers_not_to_wait()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        await router.DueInAnHourAsync();
        router.Simulated.ChangeDevice(device.Mac, present: true);

        using var accepted = await router.BlockAsync(device.Ip, "respond-async");

        await accepted.ShouldBeJsonAsync(202);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
    }

    /// <summary>
    /// Whether a failure says that nothing was done. The deployed form does not say that a router is away, and a failed change of rules may have
    /// been done: the router is asked about it as soon as it answers.
    /// </summary>
    private bool IsOutcomeKnown => server.Dialect == CommandsDialect.Plan;

    private async Task ComesBackAsync(TestRouter router)
    {
        router.Simulated.Online = true;
        if (IsOutcomeKnown)
        {
            await router.DueNowAsync();
        }
    }
}
