using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A router that lost its rules gets them back for the devices that they are for, wherever these are now, and for nobody else.</summary>
public sealed class LostRulesTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Blocked = new("192.168.1.120", "3c:52:82:00:01:20", "blocked");
    private static readonly SimulatedDevice Innocent = new("192.168.1.140", "3c:52:82:00:01:40", "innocent");

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_rule_is_put_back_for_the_device_and_not_for_who_has_its_address_now(bool bySync, bool plain)
    {
        var router = await BlockAndLoseAsync(plain);
        router.Simulated.ChangeDevice(Blocked.Mac, ip: "192.168.1.130");
        router.Simulated.ChangeDevice(Innocent.Mac, ip: Blocked.Ip);

        if (bySync)
        {
            (await router.SyncAsync()).Texts("reapplied").ShouldBe(["192.168.1.130"]);
        }
        else
        {
            await router.DriftAsync();
        }

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Blocked.Mac] = 1 });
        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(Blocked.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 2, Removed: 1));
        router.Simulated.TallyOf(Innocent.Mac).Added.ShouldBe(0);
        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("ip").GetString().ShouldBe("192.168.1.130");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_that_is_away_is_blocked_again_when_it_returns(bool plain)
    {
        var router = await BlockAndLoseAsync(plain);
        router.Simulated.ChangeDevice(Blocked.Mac, present: false);
        router.Simulated.ChangeDevice(Innocent.Mac, ip: Blocked.Ip);
        router.Simulated.ClearHistory();

        await router.CompareAgainAndAgainAsync();

        router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(0);
        var waiting = (await router.BlockedAsync()).Single();
        waiting.GetProperty("state").GetString().ShouldBe("applying");
        waiting.GetProperty("code").GetString().ShouldBe("command_failed");
        router.Simulated.ChangeDevice(Blocked.Mac, ip: "192.168.1.130", present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync("192.168.1.130")).ShouldBe(["blocked"]));
        await router.CompareAgainAndAgainAsync();
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Blocked.Mac] = 1 });
        router.Simulated.TallyOf(Innocent.Mac).Added.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_that_is_lost_again_and_again_is_put_back_each_time(bool bySync)
    {
        var router = await BlockAndLoseAsync(plain: false);
        for (var time = 1; time <= 5; time++)
        {
            await (bySync ? router.SyncAsync() : router.DriftAsync());
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Blocked.Mac] = 1 });
            await (bySync ? router.SyncAsync() : router.DriftAsync());
            router.Simulated.TallyOf(Blocked.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: time + 1, Removed: time));
            router.Simulated.RemoveRules(Blocked.Mac);
        }
    }

    [Fact]
    public async Task A_rule_that_is_lost_a_second_time_is_put_back_however_long_its_device_was_waited_for()
    {
        var router = await BlockAndLoseAsync(plain: false);
        router.Simulated.ChangeDevice(Blocked.Mac, present: false);
        await router.DriftAsync();
        (await router.StatesAsync(Blocked.Ip)).ShouldBe(["applying"]);
        await router.LooksAgainAsync((await router.RowAsync()).Value<Guid>("id"), attempts: 4);
        router.Simulated.ChangeDevice(Blocked.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Blocked.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RemoveRules(Blocked.Mac);

        await router.DriftAsync();

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Blocked.Mac] = 1 });
        (await router.BlockedAsync()).Single().GetProperty("code").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_rule_that_is_to_be_put_back_is_not_given_up_while_its_router_is_away()
    {
        var router = await BlockAndLoseAsync(plain: false);
        router.Simulated.ChangeDevice(Blocked.Mac, present: false);
        await router.DriftAsync();
        router.Simulated.Online = false;
        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET give_up_at = now() WHERE router_id = $1", router.RouterId);

        await router.LooksAgainAsync((await router.RowAsync()).Value<Guid>("id"));

        (await router.StatesAsync(Blocked.Ip)).ShouldBe(["applying"]);
        router.Simulated.Online = true;
        router.Simulated.ChangeDevice(Blocked.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Blocked.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Blocked.Mac] = 1 });
    }

    [Fact]
    public async Task A_block_whose_time_is_over_is_not_put_back()
    {
        var router = await BlockAndLoseAsync(plain: false);
        router.Simulated.ClearHistory();

        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);
        await router.CompareAgainAndAgainAsync();

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Blocked.Ip)).ShouldBe(["lifted"]));
        router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(0);
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>A router takes seconds for a command, a repair holds its turn for seconds at most, and the router can go away meanwhile.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Rules_that_a_comparison_found_missing_are_not_called_blocked_until_each_is_put_back(bool byUser, bool staysOnline)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        SimulatedDevice[] devices = [.. Enumerable.Range(0, 3).Select(router.Simulated.Device)];
        await router.HaveBlockedAsync(devices, withRules: false);
        router.Simulated.ChangeDevice(devices[0].Mac, present: false);
        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Hold)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Delay = TimeSpan.FromMinutes(1),
            }
        );

        var comparing = byUser ? SyncAsync() : router.DriftAsync();
        await slow.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        (await StatesAsync()).ShouldBe(["applying", "applying", "applying"]);
        router.Simulated.Online = staysOnline;
        slow.Release();
        await comparing;
        router.Simulated.Online = true;
        router.Simulated.ChangeDevice(devices[0].Mac, present: true);
        await Eventually.HoldsAsync(async () =>
        {
            await SyncAsync();
            (await StatesAsync()).ShouldBe(["blocked", "blocked", "blocked"]);
        });
        router.Simulated.RuleCounts.ShouldBe(devices.ToDictionary(device => device.Mac, _ => 1), ignoreOrder: true);

        async Task SyncAsync() => (await router.SendAsync(HttpMethod.Post, "blocked/sync")).Dispose();

        async Task<string[]> StatesAsync() =>
            await Task.WhenAll(devices.Select(async device => (await router.StatesAsync(device.Ip)).ShouldHaveSingleItem()));
    }

    /// <summary>Looks that fail make the pauses of what waits for its router longer, up to an hour.</summary>
    [Fact]
    public async Task Rules_that_wait_for_their_router_are_put_back_by_the_first_check_that_reaches_it()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        SimulatedDevice[] devices = [.. Enumerable.Range(0, 3).Select(router.Simulated.Device)];
        await router.HaveBlockedAsync(devices, withRules: false);
        await LostAsync(router, code: "router_unreachable");

        await router.DriftAsync();

        router.Simulated.RuleCounts.ShouldBe(devices.ToDictionary(device => device.Mac, _ => 1), ignoreOrder: true);
        (await router.BlockedAsync("?state=blocked")).Length.ShouldBe(devices.Length);
    }

    [Fact]
    public async Task A_block_of_a_device_whose_rule_was_found_missing_does_not_wait_for_the_server_to_come_to_it()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        await router.HaveBlockedAsync([device], withRules: false);
        await LostAsync(router, code: null);

        using var response = await router.BlockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("blocked");
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    // What a comparison leaves of blocks that it marked and did not come to.
    private async Task LostAsync(TestRouter router, string? code) =>
        await server.ExecuteAsync(
            """
            UPDATE blacklist.user_blacklists
            SET state = 'applying', code = $2, attempts = 1, settle_at = now() + interval '1 hour', give_up_at = now() + interval '1 day'
            WHERE router_id = $1
            """,
            router.RouterId,
            code
        );

    [Theory]
    [InlineData("blacklist", "user_limited_devices")]
    [InlineData("whitelist", "user_whitelists")]
    public async Task Entries_of_the_two_lists_are_put_back_by_their_address(string list, string table)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Blocked, Innocent);
        await router.ScanAsync();
        using (var added = await router.SendAsync(HttpMethod.Post, list, new { ip = Blocked.Ip }))
        {
            await added.ShouldBeJsonAsync(201);
        }

        for (var time = 0; time < 3; time++)
        {
            router.Simulated.Clear();
            await router.DriftAsync();
            (list == "whitelist" ? router.Simulated.Whitelist : router.Simulated.Blacklist).ShouldBe([Blocked.Ip]);
            await router.DriftAsync();
        }

        (await router.StatesAsync(Blocked.Ip, table)).ShouldBe(["blocked"]);
        (await server.QueryAsync($"SELECT code FROM blacklist.{table} WHERE router_id = $1", router.RouterId))
            .Single()["code"]
            .ShouldBeNull();
    }

    private async Task<TestRouter> BlockAndLoseAsync(bool plain)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Blocked, Innocent);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { BlockedAsAddresses = plain };
        await router.ScanAsync();
        using var response = await router.BlockAsync(Blocked.Ip);
        await response.ShouldBeJsonAsync(201);
        await router.SettledAsync();
        router.Simulated.Clear();
        return router;
    }
}
