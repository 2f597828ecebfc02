using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Contracts;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Data.Statements;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>One rule and one row, whatever holds a device, for as long as something does.</summary>
public sealed class HoldTests(BlacklistServer server)
{
    private readonly Guid _person = NewId();
    private readonly Guid _schedule = NewId();

    /// <summary>By its MAC, by its address, and by an address that the block remembers as another one of it.</summary>
    [Theory]
    [InlineData("device_ip = '192.168.1.251'", true)]
    [InlineData("device_mac = NULL", true)]
    [InlineData("device_mac = NULL, device_ip = '192.168.1.251', device_aliases = ARRAY[device_ip]", true)]
    [InlineData("device_mac = '02:00:00:00:00:99'", false)]
    public async Task The_block_of_a_device_is_found(string change, bool isFound)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HaveBlockedAsync([device]);
        await server.ExecuteAsync($"UPDATE blacklist.user_blacklists SET {change} WHERE router_id = $1", router.RouterId);

        var blocks = await router.Holds().FindBlocksAsync(router.Owner.Id, router.RouterId, [id], TestContext.Current.CancellationToken);

        blocks.Values.ShouldBe(isFound ? [new DeviceBlock(DeviceBlockState.Blocked, null)] : []);
    }

    [Fact]
    public async Task A_pause_holds_many_devices_in_one_turn_and_lets_them_go()
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 3).Select(place => router.Simulated.Device(place)).ToArray();
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        var fence = await FenceAsync(router);

        var paused = await router.HoldAsync(Pause(_person, ids));

        paused.ShouldBe(ids.Select(id => new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)), ignoreOrder: true);
        router.Simulated.Rules.ShouldBe(devices.Select(device => device.Mac), ignoreOrder: true);
        (await FenceAsync(router)).ShouldBe(fence + 1);
        foreach (var block in await router.BlockedAsync())
        {
            var hold = block.GetProperty("holds").EnumerateArray().ShouldHaveSingleItem();
            hold.GetProperty("kind").GetString().ShouldBe("pause");
            hold.GetProperty("personId").GetGuid().ShouldBe(_person);
            hold.GetProperty("scheduleId").ValueKind.ShouldBe(JsonValueKind.Null);
            hold.GetProperty("until").ValueKind.ShouldBe(JsonValueKind.Null);
            hold.GetProperty("createdBy").GetGuid().ShouldBe(router.Owner.Id);
            block.GetProperty("deviceId").GetGuid().ShouldBeOneOf(ids);
        }

        await router.SettledAsync();
        fence = await FenceAsync(router);
        var resumed = await router.HoldAsync(WantedHolds.None(HoldSource.OfPause(_person)));

        resumed.ShouldBe(ids.Select(id => new DeviceHoldResult(id, DeviceBlockState.Lifted, null, false)), ignoreOrder: true);
        router.Simulated.Rules.ShouldBeEmpty();
        (await FenceAsync(router)).ShouldBe(fence + 1);
        (await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("manual", "pause", "schedule")]
    [InlineData("schedule", "manual", "pause")]
    [InlineData("pause", "schedule", "manual")]
    public async Task The_first_hold_blocks_the_last_one_lifts_and_those_between_send_nothing(string first, string second, string third)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        string[] order = [first, second, third];
        var ends = DateTimeOffset.Parse("2031-01-01T00:00:00Z");
        foreach (var kind in order)
        {
            await PlaceAsync(kind);
        }

        (await router.HoldKindsAsync()).ShouldBe(order, ignoreOrder: true);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);

        foreach (var (kind, left) in order.Zip([2, 1, 0]))
        {
            router.Simulated.Rules.ShouldBe([device.Mac]);
            router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
            await EndAsync(kind);
            await Eventually.HoldsAsync(async () => (await router.HoldKindsAsync()).Length.ShouldBe(left));
        }

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
        router.CallsOf(SimulatorOperation.Unblock).Count.ShouldBe(1);

        async Task PlaceAsync(string kind)
        {
            if (kind == "manual")
            {
                using var response = await router.BlockAsync(device.Ip, more: new { expiresAt = ends });
                var block = await response.ShouldBeJsonAsync(kind == first ? 201 : 200);
                block.GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(ends);
                block
                    .GetProperty("holds")
                    .EnumerateArray()
                    .Last(hold => hold.GetProperty("kind").GetString() == "manual")
                    .GetProperty("until")
                    .GetDateTimeOffset()
                    .ShouldBe(ends);
            }
            else
            {
                (await router.HoldAsync(kind == "pause" ? Pause(_person, id) : Window(_schedule, id))).ShouldHaveSingleItem();
            }
        }

        async Task EndAsync(string kind)
        {
            if (kind == "manual")
            {
                await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);
            }
            else
            {
                await router.HoldAsync(
                    WantedHolds.None(kind == "pause" ? HoldSource.OfPause(_person) : HoldSource.OfSchedule(_schedule, null))
                );
            }
        }
    }

    [Fact]
    public async Task Whoever_orders_is_told_when_all_is_stored_and_before_the_commands_have_ended()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                held.Begin(router);
                var stored = new TaskCompletionSource();
                var order = await router.OrderAsync([Pause(_person, id)]);

                var setting = router
                    .Holds()
                    .SetAsync(
                        order with
                        {
                            Stored = _ =>
                            {
                                stored.SetResult();
                                return Task.CompletedTask;
                            },
                        },
                        TestContext.Current.CancellationToken
                    );

                await stored.Task.WaitAsync(TestContext.Current.CancellationToken);
                (await router.HoldKindsAsync()).ShouldBe(["pause"]);
                (setting.IsCompleted, router.Simulated.Rules.Count).ShouldBe((false, 0));
                held.Release();
                (await setting).ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Blocked);
                router.Simulated.Rules.ShouldBe([device.Mac]);
            }
        );
    }

    [Fact]
    public async Task A_hold_ends_by_itself_and_one_that_is_made_longer_does_not()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var soon = TimeProvider.System.GetUtcNow().AddMilliseconds(300);
        await router.HoldAsync(Pause(_person, id) with { Until = soon });
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();

        var pause = Pause(_person, id) with { Until = TimeProvider.System.GetUtcNow().AddSeconds(30) };
        await router.HoldAsync(pause);
        await router.HoldAsync(pause with { Until = null });
        (await router.RowsAsync(device.Ip))[^1]["held_until"].ShouldBe(DateTime.MaxValue);

        await router.HoldAsync(pause with { Until = TimeProvider.System.GetUtcNow().AddMilliseconds(300) });
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted", "lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Unblocking_lets_through_now_and_what_began_before_does_not_hold_again()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        var (pause, window) = (Pause(_person, id), Window(_schedule, id));
        await router.HoldAsync(pause, window);

        using var unblocked = await router.UnblockAsync(device.Ip);

        var block = await unblocked.ShouldBeJsonAsync(200);
        block.GetProperty("state").GetString().ShouldBe("lifted");
        block.GetProperty("holds").GetArrayLength().ShouldBe(0);
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.HoldAsync(pause, window)).ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Lifted, null, true)]);
        router.Simulated.Rules.ShouldBeEmpty();
        var holds = await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken);
        holds.Select(hold => (hold.Source, hold.IsLetThrough)).ShouldBe([(pause.Source, true), (window.Source, true)], ignoreOrder: true);

        // The user's own block counts, and so does the next window. A window that is only made longer is still the present one.
        (await router.HoldAsync(window with { Until = window.Until!.Value.AddHours(1) }))[0]
            .IsLetThrough.ShouldBeTrue();
        (await router.HoldAsync(Window(_schedule, id))).ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)]);
        (await router.HoldKindsAsync()).ShouldBe(["schedule"]);
        (await router.HoldAsync(Pause(_person, id))).ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)]);
        (await router.HoldKindsAsync()).ShouldBe(["pause", "schedule"], ignoreOrder: true);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_ends_in_one_order_is_lifted_in_it_though_the_device_was_let_through_from_some_of_it(bool isReversed)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var (pause, window) = (Pause(_person, id), Window(_schedule, id));
        await router.HoldAsync(pause, window);
        (await router.UnblockAsync(device.Ip)).Dispose();
        // The pause begins anew on a rule of its own. The window stays on the one that was lifted.
        await router.HoldAsync(Pause(_person, id));
        router.Simulated.Rules.ShouldBe([device.Mac]);
        WantedHolds[] over = [WantedHolds.Over(pause.Source), WantedHolds.Over(window.Source)];

        await router.HoldAsync(isReversed ? [over[1], over[0]] : over);

        (await router.StatesAsync(device.Ip)).ShouldBe(["lifted", "lifted"]);
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_hold_whose_new_end_comes_while_it_is_stored_is_lifted_in_the_same_order()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var window = Window(_schedule, id);
        await router.HoldAsync(window);

        await router.HoldAsync(window with { Until = window.Since });

        (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_that_fails_ends_no_hold()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        var window = Window(_schedule, id);
        await router.HoldAsync(window);
        await router.SettledAsync();
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Status = 503,
                Code = "ROUTER_UNREACHABLE",
            }
        );

        using var failed = await router.UnblockAsync(device.Ip);

        await failed.ShouldBeProblemAsync(503, "router_unreachable");
        (await router.HoldKindsAsync()).ShouldBe(["manual", "schedule"], ignoreOrder: true);
        (await router.HoldAsync(window)).ShouldHaveSingleItem().IsLetThrough.ShouldBeFalse();
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    [Fact]
    public async Task A_block_that_fails_with_a_pause_that_goes_on_is_no_hold()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        await router.HoldAsync(Pause(_person, id));

        using var failed = await router.BlockAsync(device.Ip);
        using var accepted = await router.BlockAsync(router.Simulated.Device(1).Ip, "respond-async");

        failed.IsSuccessStatusCode.ShouldBeFalse();
        await accepted.ShouldBeJsonAsync(202);
        var held = await server.QueryAsync(
            "SELECT held_manually FROM blacklist.user_blacklists WHERE router_id = $1 ORDER BY created_at",
            router.RouterId
        );
        held.Select(row => row.Value<bool>(0)).ShouldBe([false, true]);
        using var taken = await router.BlockAsync(device.Ip, "respond-async");
        (await taken.ShouldBeJsonAsync(202)).GetProperty("holds").GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_pause_that_begins_while_the_device_is_let_through_holds_it_for_its_own_time()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                // The window goes on, and was let through together with the first pause.
                await router.HoldAsync(Pause(_person, id), Window(_schedule, id));
                await router.SettledAsync();
                held.Begin(router);
                var unblock = router.UnblockAsync(device.Ip);
                await held.WaitAsync();

                var until = TimeProvider.System.GetUtcNow().AddSeconds(1);
                var results = await router.HoldAsync([Pause(_person, id) with { Until = until }], wait: TimeSpan.Zero);

                results.ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Applying);
                held.Release();
                (await unblock).Dispose();
                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
                router.Simulated.Rules.ShouldBeEmpty();
            }
        );
    }

    [Fact]
    public async Task A_reset_lets_through_what_is_held()
    {
        var (router, _, id) = await server.OneDeviceAsync();
        var pause = Pause(_person, id);
        await router.HoldAsync(pause);

        using var reset = await router.SendAsync(HttpMethod.Post, "reset");

        await reset.ShouldBeJsonAsync(200);
        (await router.HoldAsync(pause)).ShouldHaveSingleItem().IsLetThrough.ShouldBeTrue();
        (await router.HoldAsync(Pause(_person, id))).ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Blocked);
    }

    [Fact]
    public async Task What_the_router_could_not_take_goes_on_by_itself_in_both_directions()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        var pause = Pause(_person, id);

        (await router.HoldAsync(pause)).ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Applying, server.OfflineCode(), false)]);
        // A day later, too.
        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET give_up_at = now() WHERE router_id = $1", router.RouterId);
        await router.DueNowAsync();
        (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
        });
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        await router.SettledAsync();

        router.Simulated.Online = false;
        (await router.HoldAsync(WantedHolds.None(pause.Source))).ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Lifting);
        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_expiry_that_is_over_is_not_shown_where_a_pause_goes_on()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Pause(_person, id));
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        (await router.BlockedAsync()).ShouldHaveSingleItem().GetProperty("expiresAt").ValueKind.ShouldBe(JsonValueKind.String);

        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);

        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("expiresAt").ValueKind.ShouldBe(JsonValueKind.Null);
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
    }

    [Fact]
    public async Task A_pause_that_ends_before_the_router_took_it_leaves_nothing()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        var pause = Pause(_person, id);
        await router.HoldAsync(pause);

        await router.HoldAsync(WantedHolds.None(pause.Source));

        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pause_whose_time_ends_while_the_router_is_away_has_ended_and_did_not_fail()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        await router.HoldAsync(Pause(_person, id));

        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET held_until = now() WHERE router_id = $1", router.RouterId);
        var calls = router.Calls.Count;
        await router.LookNowAsync();
        await Eventually.HoldsAsync(() =>
        {
            router.Calls.Count.ShouldBeGreaterThan(calls);
            return Task.CompletedTask;
        });

        router.Simulated.Online = true;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(SimulatorOperation.Block, true)]
    [InlineData(SimulatorOperation.Unblock, false)]
    public async Task What_is_wanted_is_stored_before_it_is_sent_and_a_lost_answer_is_settled(SimulatorOperation operation, bool holds)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var pause = Pause(_person, id);
        if (!holds)
        {
            await router.HoldAsync(pause);
            await router.SettledAsync();
        }

        var fault = server.Commands.AddFault(new Fault(FaultKind.Hang) { RouterId = router.RouterId, Operation = operation });
        var command = router.HoldAsync(holds ? pause : WantedHolds.None(pause.Source));
        await fault.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        // So that nothing is settled before it is looked at here.
        var looks = router.HideRules();

        (await router.StatesAsync(device.Ip)).ShouldBe([holds ? "applying" : "lifting"]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM blacklist.holds WHERE router_id = $1", router.RouterId)).ShouldBe(
            holds ? 1 : 0
        );
        looks.Dispose();
        await command;
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe([holds ? "blocked" : "lifted"]));
        router.Simulated.RuleCounts.Values.ShouldBe(holds ? [1] : []);
    }

    [Fact]
    public async Task Wanting_the_same_again_sends_nothing_and_costs_what_it_may()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var pause = Pause(_person, id);
        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => router.HoldAsync(pause)));
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));

        results.ShouldAllBe(result => result.Count == 1);
        (await router.HoldAsync(pause)).ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
    }

    [Fact]
    public async Task A_pause_that_ends_while_its_devices_wait_for_their_turn_blocks_none_of_them()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var devices = Enumerable.Range(0, 3).Select(place => router.Simulated.Device(place)).ToArray();
                var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
                held.Begin(router);
                await router.HoldAsync([Pause(_person, ids)], wait: TimeSpan.Zero);
                await held.WaitAsync();

                await router.HoldAsync([WantedHolds.None(HoldSource.OfPause(_person))], wait: TimeSpan.Zero);
                held.Release();

                await Eventually.HoldsAsync(async () =>
                {
                    (await router.BlockedAsync()).ShouldBeEmpty();
                    router.Simulated.RuleCounts.ShouldBeEmpty();
                });
                devices.Sum(device => router.Simulated.TallyOf(device.Mac).Added).ShouldBe(1);
                router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
            }
        );
    }

    [Fact]
    public async Task Whoever_does_not_wait_is_told_what_is_under_way()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );

        (await router.HoldAsync([Pause(_person, id)], wait: TimeSpan.Zero))
            .ShouldHaveSingleItem()
            .State.ShouldBe(DeviceBlockState.Applying);

        hold.Release();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
    }

    [Fact]
    public async Task A_window_that_begins_while_a_users_block_waits_to_be_lifted_does_not_bring_that_block_back()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.Online = false;
        using var unblocked = await router.UnblockAsync(device.Ip, "respond-async");
        await unblocked.ShouldBeJsonAsync(202);

        await router.HoldAsync(Window(_schedule, id));
        router.Simulated.Online = true;
        await router.DueNowAsync();
        await Eventually.HoldsAsync(async () => (await router.HoldKindsAsync()).ShouldBe(["schedule"]));

        await router.HoldAsync(WantedHolds.None(HoldSource.OfSchedule(_schedule, null)));
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.Simulated.Rules.ShouldBeEmpty();
            (await router.BlockedAsync()).ShouldBeEmpty();
        });
    }

    [Fact]
    public async Task A_hold_that_comes_to_a_device_whose_unblock_waits_holds_it_whenever_its_window_began()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var pause = Pause(_person, id);
        await router.HoldAsync(pause);
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.Online = false;
        using var unblocked = await router.UnblockAsync(device.Ip, "respond-async");
        await unblocked.ShouldBeJsonAsync(202);

        var window = Window(_schedule, id) with { Since = TimeProvider.System.GetUtcNow().AddHours(-1) };
        await router.HoldAsync(window, pause);
        router.Simulated.Online = true;
        await router.DueNowAsync();

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        (await router.HoldKindsAsync()).ShouldBe(["schedule"]);
        router.Simulated.Rules.ShouldBe([device.Mac]);
        (await router.HoldAsync(window)).ShouldHaveSingleItem().IsLetThrough.ShouldBeFalse();
        (await router.HoldAsync(pause)).ShouldHaveSingleItem().IsLetThrough.ShouldBeTrue();
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }

    [Fact]
    public async Task A_device_that_is_let_through_later_shows_only_what_came_to_hold_it_since()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Pause(_person, id));
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.Online = false;

        using var unblocked = await router.UnblockAsync(device.Ip, "respond-async");

        var body = await unblocked.ShouldBeJsonAsync(202);
        body.GetProperty("state").GetString().ShouldBe("lifting");
        body.GetProperty("holds").GetArrayLength().ShouldBe(0);
        (await router.HoldKindsAsync()).ShouldBeEmpty();
        await router.HoldAsync(Window(_schedule, id));
        (await router.HoldKindsAsync()).ShouldBe(["schedule"]);
    }

    [Fact]
    public async Task A_users_own_attempt_to_let_a_device_through_shows_what_holds_it_until_it_has_succeeded()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                await router.HoldAsync(Pause(_person, id));
                (await router.BlockAsync(device.Ip)).Dispose();
                await router.SettledAsync();
                held.Begin(router);
                var unblock = router.UnblockAsync(device.Ip);
                await held.WaitAsync();

                (await router.HoldKindsAsync()).ShouldBe(["manual", "pause"]);

                held.Release();
                using var unblocked = await unblock;
                (await unblocked.ShouldBeJsonAsync(200)).GetProperty("holds").GetArrayLength().ShouldBe(0);
            }
        );
    }

    [Fact]
    public async Task A_block_that_was_answered_as_failed_is_no_hold_where_a_pause_came_to_it()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                held.Begin(router);
                var block = router.BlockAsync(device.Ip);
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, id)], wait: TimeSpan.Zero);
                router.Simulated.Online = false;
                held.Release();

                using var failed = await block;

                failed.IsSuccessStatusCode.ShouldBeFalse();
                if (server.Dialect == CommandsDialect.Deployed)
                {
                    // This failure says nothing of the rule: the router is asked as soon as it is back.
                    router.Simulated.Online = true;
                    await Eventually.HoldsAsync(async () =>
                    {
                        await router.LookNowAsync();
                        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
                    });
                }

                (await router.HoldKindsAsync()).ShouldBe(["pause"]);
            }
        );
    }

    [Fact]
    public async Task A_pause_that_begins_while_an_ended_ones_rule_is_lifted_is_looked_into_as_soon_as_that_is_over()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                await router.HoldAsync(Pause(_person, id));
                await router.SettledAsync();
                held.Begin(router);
                await router.HoldAsync([WantedHolds.None(HoldSource.OfPause(_person))], wait: TimeSpan.Zero);
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, id)], wait: TimeSpan.Zero);
                // So that nothing but the end of the call makes it due.
                await server.ExecuteAsync(
                    "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 hour' WHERE router_id = $1 AND state = 'applying'",
                    router.RouterId
                );

                held.Release();

                await Eventually.HoldsAsync(async () =>
                {
                    router.Simulated.Rules.ShouldBe([device.Mac]);
                    (await router.StatesAsync(device.Ip))[^1].ShouldBe("blocked");
                });
            }
        );
    }

    [Fact]
    public async Task A_pause_that_begins_during_a_lift_which_waits_for_the_device_is_looked_into_as_soon_as_that_is_over()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                (await router.BlockAsync(device.Ip)).Dispose();
                await router.SettledAsync();
                held.Begin(router);
                var unblock = router.UnblockAsync(device.Ip);
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, id)], wait: TimeSpan.Zero);
                // So that nothing but the end of the call makes it due.
                await server.ExecuteAsync(
                    "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 hour' WHERE router_id = $1 AND state = 'applying'",
                    router.RouterId
                );
                // The router finds no such device, and its list shows the rule without an address.
                router.Simulated.SetDevices();

                held.Release();

                (await unblock).Dispose();
                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
                (await router.HoldKindsAsync()).ShouldBe(["pause"]);
                router.Simulated.Rules.ShouldBe([device.Mac]);
            }
        );
    }

    [Fact]
    public async Task A_hold_that_is_placed_while_the_row_is_being_ended_is_not_lost_with_it()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        await router.HoldAsync(Pause(_person, id));
        var store = server.Services.GetRequiredService<RuleStore>();
        var now = TimeProvider.System.GetUtcNow();
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET held_until = now(), settle_at = now() + interval '1 hour' WHERE router_id = $1",
            router.RouterId
        );
        var live = await store.LoadAsync(RuleKind.Block, router.Owner.Id, router.RouterId, []);
        var unkept = live.ShouldHaveSingleItem();
        await router.HoldAsync([Pause(NewId(), id)], wait: TimeSpan.Zero);

        (await store.SaveAsync(unkept, RuleOutcomes.Gone(unkept, now.AddSeconds(5)), long.MaxValue)).ShouldBeNull();

        (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
    }

    [Fact]
    public async Task A_device_goes_from_one_source_to_another_without_being_let_through()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Pause(_person, id));
        await router.SettledAsync();

        var moved = await router.HoldAsync(WantedHolds.None(HoldSource.OfPause(_person)), Pause(NewId(), id));

        moved.ShouldBe([new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)]);
        router.Simulated.TallyOf(device.Mac).Most.ShouldBe(1);
        router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
    }

    [Fact]
    public async Task What_can_not_be_held_says_why_and_keeps_nothing_from_the_others()
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 3).Select(place => router.Simulated.Device(place)).ToArray();
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        var other = (await server.OneDeviceAsync()).Id;
        await server.ExecuteAsync("UPDATE devices.user_devices SET ip = '0.0.0.0' WHERE id = $1", ids[1]);
        await server.ExecuteAsync("UPDATE devices.user_devices SET device_type = 'router' WHERE id = $1", ids[2]);
        var unknown = NewId();

        var results = await router.HoldAsync(Pause(_person, [.. ids, other, unknown]));

        results.ShouldBe(
            [
                new DeviceHoldResult(ids[0], DeviceBlockState.Blocked, null, false),
                new DeviceHoldResult(ids[1], DeviceBlockState.Failed, "device_without_address", false),
                new DeviceHoldResult(ids[2], DeviceBlockState.Failed, "validation_failed", false),
                new DeviceHoldResult(other, DeviceBlockState.Failed, "device_not_found", false),
                new DeviceHoldResult(unknown, DeviceBlockState.Failed, "device_not_found", false),
            ],
            ignoreOrder: true
        );
        router.Simulated.Rules.ShouldBe([devices[0].Mac]);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_rule_counts_once_for_the_tier_whatever_holds_it_and_a_hold_beyond_the_limit_is_not_placed()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var ids = await router.DeviceIdsAsync(device.Mac, router.Simulated.Device(1).Mac);
        await router.HaveBlockedAsync([
            .. Enumerable.Range(10, 24).Select(n => new SimulatedDevice($"192.168.250.{n}", $"02:00:00:00:01:{n:x2}")),
        ]);

        await router.HoldAsync(Pause(_person, ids[0]), Window(_schedule, ids[0]));
        (await router.BlockAsync(device.Ip)).Dispose();
        var refused = await router.HoldAsync(Pause(NewId(), ids[1]));

        (
            await server.ScalarAsync<int>("SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = 'block'", router.Owner.Id)
        ).ShouldBe(25);
        refused.ShouldBe([new DeviceHoldResult(ids[1], DeviceBlockState.Failed, "tier_limit_reached", false)]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM blacklist.holds WHERE router_id = $1", router.RouterId)).ShouldBe(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_activity_says_who_held_and_let_go(bool byServer)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync([Window(_schedule, id)], byServer);
        await router.HoldAsync([WantedHolds.None(HoldSource.OfSchedule(_schedule, null))], byServer);

        using var response = await router.SendAsync(HttpMethod.Get, "activity");
        var entries = (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().ToArray();
        Guid? expected = byServer ? null : router.Owner.Id;
        foreach (var kind in (string[])["block", "unblock"])
        {
            var entry = entries.Where(entry => entry.GetProperty("kind").GetString() == kind).ShouldHaveSingleItem();
            entry.GetProperty("target").GetString().ShouldBe(device.Ip);
            (entry.GetProperty("userId").ValueKind == JsonValueKind.Null ? (Guid?)null : entry.GetProperty("userId").GetGuid()).ShouldBe(
                expected
            );
        }
    }

    [Fact]
    public async Task What_an_earlier_version_blocked_is_held_manually()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        await router.HaveBlockedAsync([device]);

        (await router.HoldKindsAsync()).ShouldBe(["manual"]);
        using var unblocked = await router.UnblockAsync(device.Ip);
        await unblocked.ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task What_holds_a_row_that_turns_out_to_be_of_another_ones_device_holds_that_one()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        // A pause of the device by another address, before any scan has told that it is the same.
        const string alias = "192.168.9.151";
        await server.ExecuteAsync("UPDATE devices.user_devices SET ip = $2::inet, mac = NULL WHERE id = $1", id, alias);
        router.Simulated.SetArp(alias, device.Mac);

        await router.HoldAsync(Pause(_person, id));

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.HoldKindsAsync()).ShouldBe(["manual", "pause"], ignoreOrder: true);
        });
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
            return Task.CompletedTask;
        });
        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);
        await Eventually.HoldsAsync(async () => (await router.HoldKindsAsync()).ShouldBe(["pause"]));
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    [Fact]
    public async Task What_comes_to_hold_such_a_row_during_its_call_holds_the_other_one_too()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                (await router.BlockAsync(device.Ip)).Dispose();
                await router.SettledAsync();
                const string alias = "192.168.9.151";
                await server.ExecuteAsync("UPDATE devices.user_devices SET ip = $2::inet, mac = NULL WHERE id = $1", id, alias);
                router.Simulated.SetArp(alias, device.Mac);
                held.Begin(router);
                var again = router.BlockAsync(alias);
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, id)], wait: TimeSpan.Zero);

                held.Release();

                (await again).Dispose();
                await Eventually.HoldsAsync(async () => (await router.HoldKindsAsync()).ShouldBe(["manual", "pause"], ignoreOrder: true));
                router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
            }
        );
    }

    private Task<long> FenceAsync(TestRouter router) =>
        server.ScalarAsync<long>("SELECT COALESCE((SELECT max(fence) FROM routers.router_turns WHERE router_id = $1), 0)", router.RouterId);
}
