using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Contracts;
using NetPilot.Devices.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>A device goes on under another MAC: what held it under the old one holds it under the new one, and the router follows.</summary>
public sealed class MergedDeviceTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Old = new("192.168.1.160", "7a:11:00:00:01:60", "phone");
    private static readonly SimulatedDevice New = new("192.168.1.170", "7a:11:00:00:01:70", "phone");
    private static readonly SimulatedDevice Bystander = new("192.168.1.180", "3c:52:82:00:01:80", "tv");
    private static readonly DateTimeOffset Expiry = DateTimeOffset.Parse("2031-01-01T00:00:00Z");

    private readonly Guid _person = NewId();
    private readonly Guid _schedule = NewId();

    [Fact]
    public async Task A_block_follows_with_its_words_and_the_old_rule_goes()
    {
        var (router, old, present) = await HomeAsync(more: new { reason = "Homework", expiresAt = Expiry });
        await SeeNewAsync(router);

        var merged = await MergeAsync(router, old, present);

        merged.GetProperty("blocked").GetBoolean().ShouldBeTrue();
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
        router.Simulated.TallyOf(New.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        block.GetProperty("mac").GetString().ShouldBe(New.Mac);
        block.GetProperty("deviceId").GetGuid().ShouldBe(present);
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("reason").GetString().ShouldBe("Homework");
        block.GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(Expiry);
        block.GetProperty("createdBy").GetGuid().ShouldBe(router.Owner.Id);
        (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]);
        (await LiveAsync(router)).ShouldBe(1);
        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(New.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        (await ActivityAsync(router, "block")).ShouldBe([(New.Ip, router.Owner.Id), (Old.Ip, router.Owner.Id)]);
        (await ActivityAsync(router, "unblock")).ShouldBe([(Old.Ip, router.Owner.Id)]);

        using var unblocked = await router.UnblockAsync(New.Ip);
        await unblocked.ShouldBeJsonAsync(200);
        router.Simulated.Rules.ShouldBeEmpty();
        (await LiveAsync(router)).ShouldBe(0);
    }

    [Fact]
    public async Task A_block_that_is_at_the_router_meanwhile_follows_too() =>
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, old, present) = await HomeAsync(blocks: false);
                await SeeNewAsync(router);
                held.Begin(router);
                var blocking = router.BlockAsync(Old.Ip);
                await held.WaitAsync();
                var merging = MergeAsync(router, old, present);
                await Eventually.HoldsAsync(async () =>
                    (await StatesByMacAsync(router)).ShouldContain(row => row.Mac == New.Mac, "the merge is stored, and waits for its turn")
                );
                held.Release();

                using var blocked = await blocking;
                await merging;

                blocked.IsSuccessStatusCode.ShouldBeTrue();
                await Eventually.HoldsAsync(async () =>
                {
                    await router.DueNowAsync();
                    router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
                    (await router.BlockedAsync()).ShouldHaveSingleItem().GetProperty("mac").GetString().ShouldBe(New.Mac);
                });
            }
        );

    [Fact]
    public async Task A_device_that_is_not_blocked_sends_nothing()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        await SeeNewAsync(router);
        var calls = router.Calls.Count;

        (await MergeAsync(router, old, present)).GetProperty("blocked").GetBoolean().ShouldBeFalse();

        router.Calls.Count.ShouldBe(calls);
        (await router.BlockedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_block_that_could_not_be_put_in_force_for_the_old_MAC_is_put_in_force_for_the_new_one_at_once()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        await SeeNewAsync(router, leased: false);
        var held = await router.HoldAsync(Pause(_person, old));
        held.ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Applying);

        (await MergeAsync(router, old, present)).GetProperty("blocked").GetBoolean().ShouldBeTrue();

        (await router.StatesAsync(New.Ip)).ShouldBe(["blocked"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
    }

    [Fact]
    public async Task A_block_of_the_new_MAC_is_sent_at_once_though_the_old_row_has_ended_already()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        await SeeNewAsync(router, leased: false);
        await router.HoldAsync(Pause(_person, old));
        await StoreMergeAsync(router, old, present, commits: true);
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() WHERE router_id = $1 AND host(device_ip) = $2 AND settle_at IS NOT NULL",
            router.RouterId,
            Old.Ip
        );
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]));
        (await router.StatesAsync(New.Ip)).ShouldBe(["applying"]);

        var order = await router.OrderAsync([]);
        foreach (var dependent in server.Services.GetServices<IDeviceDependents>())
        {
            await dependent.FollowAsync(order.Router, order.Actor, TestContext.Current.CancellationToken);
        }

        (await router.StatesAsync(New.Ip)).ShouldBe(["blocked"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
    }

    [Fact]
    public async Task A_block_of_the_new_MAC_that_nothing_keeps_when_its_turn_comes_is_not_sent()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        await router.HoldAsync(Pause(_person, old));
        await router.SettledAsync();
        await SeeNewAsync(router);
        await router.OccupyAsync();
        var merge = MergeAsync(router, old, present);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(New.Ip)).ShouldBe(["applying"]));
        // The server's estimate of PostgreSQL's clock may be a moment behind.
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET held_until = now() - interval '1 minute' WHERE router_id = $1",
            router.RouterId
        );

        await router.FreeAsync();

        await merge;
        (await router.StatesAsync(New.Ip)).ShouldBe(["lifted"]);
        router.Simulated.TallyOf(New.Mac).Added.ShouldBe(0);
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBeEmpty();
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task The_rule_of_a_device_that_is_gone_waits_for_it_and_does_not_count_for_the_tier()
    {
        var (router, old, present) = await HomeAsync();
        await router.HaveBlockedAsync([
            .. Enumerable.Range(10, 24).Select(n => new SimulatedDevice($"192.168.250.{n}", $"02:00:00:00:02:{n:x2}")),
        ]);
        await SeeNewAsync(router, leased: false);

        await MergeAsync(router, old, present);

        router.Simulated.TallyOf(New.Mac).Now.ShouldBe(1);
        router.Simulated.TallyOf(Old.Mac).Now.ShouldBe(1);
        (await router.StatesAsync(New.Ip)).ShouldBe(["blocked"]);
        (await router.StatesAsync(Old.Ip)).ShouldBe(["lifting"]);
        (await LiveAsync(router)).ShouldBe(25);
        using var refused = await router.BlockAsync(Bystander.Ip);
        await refused.ShouldBeProblemAsync(403, "tier_limit_reached");

        // The user wants the old MAC blocked by itself again, for which there is no room.
        router.Simulated.SetDevices(Old, New, Bystander);
        using var again = await router.BlockAsync(Old.Ip);
        await again.ShouldBeProblemAsync(403, "tier_limit_reached");
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]));
        router.Simulated.TallyOf(Old.Mac).Now.ShouldBe(0);
        router.Simulated.TallyOf(New.Mac).Now.ShouldBe(1);
        (await LiveAsync(router)).ShouldBe(25);
    }

    [Fact]
    public async Task The_old_address_is_blocked_by_itself_again_where_the_tier_has_room()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router, leased: false);
        await MergeAsync(router, old, present);
        (await LiveAsync(router)).ShouldBe(1);

        using var again = await router.BlockAsync(Old.Ip);

        (await again.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("blocked");
        (await LiveAsync(router)).ShouldBe(2);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1, [New.Mac] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public async Task Of_two_blocks_one_is_left()
    {
        var (router, old, present) = await HomeAsync(more: new { reason = "Homework" });
        await SeeNewAsync(router);
        (await router.BlockAsync(New.Ip)).Dispose();
        (await LiveAsync(router)).ShouldBe(2);

        await MergeAsync(router, old, present);

        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        block.GetProperty("mac").GetString().ShouldBe(New.Mac);
        block.GetProperty("reason").GetString().ShouldBe("Homework");
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
        router.Simulated.TallyOf(New.Mac).Added.ShouldBe(1);
        (await LiveAsync(router)).ShouldBe(1);
    }

    [Fact]
    public async Task The_rule_of_the_old_MAC_is_not_lifted_by_an_address_that_the_new_one_has_now()
    {
        var (router, old, _) = await HomeAsync();
        router.Simulated.SetDevices(New with { Ip = Old.Ip }, Bystander);
        var present = (await router.DeviceIdsAsync(New.Mac))[0];

        await MergeAsync(router, old, present);

        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(New.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.Simulated.TallyOf(Old.Mac).Now.ShouldBe(1);
        (await StatesByMacAsync(router)).ShouldBe([(New.Mac, "blocked"), (Old.Mac, "lifting")], ignoreOrder: true);
        router.Simulated.SetDevices(Old with { Ip = "192.168.1.190" }, New with { Ip = Old.Ip }, Bystander);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () =>
            (await StatesByMacAsync(router)).ShouldBe([(New.Mac, "blocked"), (Old.Mac, "lifted")], ignoreOrder: true)
        );
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
    }

    [Fact]
    public async Task Holds_move_and_the_source_that_wants_them_of_the_new_device_sends_nothing_more()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        await router.HoldAsync(Pause(_person, old), Window(_schedule, old));
        await SeeNewAsync(router);

        await MergeAsync(router, old, present);

        var holds = await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken);
        holds
            .Select(hold => (hold.DeviceId, hold.Source.Kind))
            .ShouldBe([(present, HoldKind.Pause), (present, HoldKind.Schedule)], ignoreOrder: true);
        holds.ShouldAllBe(hold => hold.State == DeviceBlockState.Blocked && !hold.IsLetThrough);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
        (await router.HoldKindsAsync()).ShouldBe(["pause", "schedule"], ignoreOrder: true);
        var calls = router.Calls.Count;

        (await router.HoldAsync(Pause(_person, present), Window(_schedule, present))).ShouldBe([
            new DeviceHoldResult(present, DeviceBlockState.Blocked, null, false),
        ]);
        router.Calls.Count.ShouldBe(calls);

        await router.HoldAsync(WantedHolds.None(HoldSource.OfPause(_person)), WantedHolds.None(HoldSource.OfSchedule(_schedule, null)));
        router.Simulated.Rules.ShouldBeEmpty();
        (await LiveAsync(router)).ShouldBe(0);
    }

    [Fact]
    public async Task A_device_that_both_have_held_is_held_once_and_one_that_was_let_through_stays_so()
    {
        var (router, old, present) = await HomeAsync(blocks: false);
        router.Simulated.SetDevices(Old, New, Bystander);
        await router.ScanAsync();
        await router.HoldAsync(Pause(_person, old, present), Window(_schedule, old));
        using (var through = await router.UnblockAsync(Old.Ip))
        {
            await through.ShouldBeJsonAsync(200);
        }

        await SeeNewAsync(router);
        await MergeAsync(router, old, present);

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
        var holds = await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken);
        holds
            .Select(hold => (hold.DeviceId, hold.Source.Kind, hold.IsLetThrough))
            .ShouldBe([(present, HoldKind.Pause, false), (present, HoldKind.Schedule, true)], ignoreOrder: true);
    }

    [Fact]
    public async Task A_router_that_is_away_follows_when_it_is_back()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router);
        router.Simulated.Online = false;

        await MergeAsync(router, old, present);

        (await router.StatesAsync(New.Ip)).ShouldBe(["applying"]);
        (await router.StatesAsync(Old.Ip)).ShouldBe(["lifting"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1 });
        router.Simulated.Online = true;
        await FollowsAsync(router);
    }

    [Theory]
    [InlineData(FaultKind.ResetAfter)]
    [InlineData(FaultKind.ResetBefore)]
    [InlineData(FaultKind.HangBody)]
    [InlineData(FaultKind.Hang)]
    public async Task A_lost_answer_is_settled_by_asking(FaultKind kind)
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router);
        foreach (var operation in new[] { SimulatorOperation.Block, SimulatorOperation.Unblock })
        {
            server.Commands.AddFault(new Fault(kind) { RouterId = router.RouterId, Operation = operation });
        }

        await MergeAsync(router, old, present);

        await FollowsAsync(router);
        router.Simulated.TallyOf(New.Mac).Most.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_in_the_middle_loses_nothing(bool afterCommit)
    {
        var (router, old, present) = await HomeAsync();
        await router.HoldAsync(Pause(_person, old));
        await SeeNewAsync(router);
        var before = await StoredAsync(router);
        var calls = router.Calls.Count;

        await StoreMergeAsync(router, old, present, afterCommit);

        router.Calls.Count.ShouldBe(calls);
        if (!afterCommit)
        {
            (await StoredAsync(router)).ShouldBe(before);
            return;
        }

        (await router.StatesAsync(New.Ip)).ShouldBe(["applying"]);
        (await router.StatesAsync(Old.Ip)).ShouldBe(["lifting"]);
        await FollowsAsync(router);
        // The old rule may still be lifted, and its row is listed until then.
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.HoldKindsAsync()).ShouldBe(["manual", "pause"], ignoreOrder: true);
        });
        (await LiveAsync(router)).ShouldBe(1);
    }

    /// <summary>The list names the new device's address by then, and the old one has none.</summary>
    [Fact]
    public async Task The_old_rule_goes_in_a_later_turn_too()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router);
        await StoreMergeAsync(router, old, present, commits: true);
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() WHERE router_id = $1 AND host(device_ip) = $2",
            router.RouterId,
            New.Ip
        );
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(New.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1, [New.Mac] = 1 });

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]);
        });
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [New.Mac] = 1 });
    }

    [Fact]
    public async Task A_device_that_has_its_old_MAC_again_is_merged_back()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router, leased: false);
        await MergeAsync(router, old, present);
        router.Simulated.SetDevices(Old, New with { Present = false }, Bystander);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]));
        router.Simulated.SetDevices(Old with { Present = false }, New, Bystander);
        await router.ScanAsync();
        var returned = (await router.DeviceIdsAsync(Old.Mac))[0];
        await MergeAsync(router, present, returned);
        (await LiveAsync(router)).ShouldBe(1);
        router.Simulated.SetDevices(Old, New, Bystander);
        await router.ScanAsync();

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.BlockedAsync()).ShouldHaveSingleItem().GetProperty("mac").GetString().ShouldBe(Old.Mac);
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1 });
        });
        (await LiveAsync(router)).ShouldBe(1);
    }

    [Fact]
    public async Task The_place_for_the_tier_goes_back_to_a_rule_that_was_still_to_be_lifted()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router, leased: false);
        await MergeAsync(router, old, present);
        (await router.StatesAsync(Old.Ip)).ShouldBe(["lifting"]);
        // The row of the device comes back with a scan in which the router names it, but not yet where it could be reached.
        await server.ExecuteAsync(
            """
            INSERT INTO devices.user_devices (id, user_id, router_id, ip, mac, device_type, first_seen, last_seen, online)
            VALUES ($1, $2, $3, $4::inet, $5::macaddr, 'other', now(), now(), false)
            """,
            old,
            router.Owner.Id,
            router.RouterId,
            Old.Ip,
            Old.Mac
        );

        await MergeAsync(router, present, old);

        (await LiveAsync(router)).ShouldBe(1);
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(Old.Ip)).ShouldBe(["blocked"]);
            (await router.StatesAsync(New.Ip)).ShouldBe(["lifted"]);
        });
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1 });
        (await LiveAsync(router)).ShouldBe(1);
    }

    [Fact]
    public async Task A_block_does_not_follow_to_the_router_itself()
    {
        var (router, old, present) = await HomeAsync();
        await SeeNewAsync(router);
        using (var typed = await router.PatchAsync($"devices/{present}", new { type = "router" }))
        {
            await typed.ShouldBeJsonAsync(200);
        }

        var before = await StoredAsync(router);
        using var refused = await router.PostAsync($"devices/{old}/merge", new { into = present });

        await refused.ShouldBeProblemAsync(400, "validation_failed", "into");
        (await StoredAsync(router)).ShouldBe(before);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1 });
    }

    [Fact]
    public async Task What_pauses_and_schedules_hold_of_a_device_ends_with_its_row_and_a_users_block_stays()
    {
        var (router, old, _) = await HomeAsync(blocks: false);
        var other = (await router.DeviceIdsAsync(Bystander.Mac))[0];
        await router.HoldAsync(Pause(_person, old, other));
        (await router.BlockAsync(Bystander.Ip)).Dispose();

        foreach (var id in new[] { old, other })
        {
            using var forgotten = await router.DeleteAsync($"devices/{id}");
            await forgotten.ShouldBeEmptyAsync(204);
        }

        (await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken)).ShouldBeEmpty();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Old.Ip)).ShouldBe(["lifted"]));
        (await router.HoldKindsAsync()).ShouldBe(["manual"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Bystander.Mac] = 1 });
    }

    [Fact]
    public async Task Holds_of_a_row_that_a_scan_finds_to_be_of_a_known_device_are_that_ones()
    {
        var (router, known, _) = await HomeAsync(blocks: false);
        var nameless = Guid.CreateVersion7();
        await server.ExecuteAsync(
            """
            INSERT INTO devices.user_devices (id, user_id, router_id, ip, device_type, first_seen, last_seen, online)
            VALUES ($1, $2, $3, $4::inet, 'other', now(), now(), false)
            """,
            nameless,
            router.Owner.Id,
            router.RouterId,
            "192.168.1.199"
        );
        router.Simulated.SetArp("192.168.1.199", Old.Mac);
        await router.HoldAsync(Pause(_person, known, nameless), Window(_schedule, nameless));
        router.Simulated.SetDevices(Old with { Ip = "192.168.1.199" }, Bystander);

        await router.ScanAsync();

        var holds = await router.Holds().OfRouterAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken);
        holds
            .Select(hold => (hold.DeviceId, hold.Source.Kind))
            .ShouldBe([(known, HoldKind.Pause), (known, HoldKind.Schedule)], ignoreOrder: true);
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.HoldKindsAsync()).ShouldBe(["pause", "schedule"], ignoreOrder: true);
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Old.Mac] = 1 });
        });
    }

    /// <summary>A home with the old device in it, blocked or not, and its id; and the id that the new one will have.</summary>
    private async Task<(TestRouter Router, Guid Old, Guid New)> HomeAsync(bool blocks = true, object? more = null)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Old, New, Bystander);
        var ids = await router.DeviceIdsAsync(Old.Mac, New.Mac);
        router.Simulated.SetDevices(Old, Bystander);
        await router.ScanAsync();
        if (blocks)
        {
            (await router.BlockAsync(Old.Ip, more: more)).Dispose();
            await router.SettledAsync();
            (await router.StatesAsync(Old.Ip)).ShouldBe(["blocked"]);
        }

        return (router, ids[0], ids[1]);
    }

    /// <summary>The old MAC is gone, its lease is known or not, and a scan sees the new one.</summary>
    private static async Task SeeNewAsync(TestRouter router, bool leased = true)
    {
        router.Simulated.SetDevices(Old with { Present = false, Leased = leased }, New, Bystander);
        await router.ScanAsync();
    }

    /// <summary>What the server does up to its end: it commits or not, and sends nothing.</summary>
    private async Task StoreMergeAsync(TestRouter router, Guid old, Guid present, bool commits)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var connection = await server.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var merge = new DeviceMerge(router.Owner.Id, router.RouterId, Known(old, Old, false), Known(present, New, true), ByScan: false);
        foreach (var dependent in server.Services.GetServices<IDeviceDependents>())
        {
            await dependent.MergeAsync(merge, transaction, cancellationToken);
        }

        if (commits)
        {
            // So that the workers come to these rows only when a test makes them due.
            await using var later = new NpgsqlCommand(
                "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 hour' WHERE router_id = $1 AND settle_at IS NOT NULL",
                connection,
                transaction
            );
            later.Parameters.Add(new() { Value = router.RouterId });
            await later.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static async Task<JsonElement> MergeAsync(TestRouter router, Guid from, Guid into)
    {
        using var response = await router.PostAsync($"devices/{from}/merge", new { into });
        return await response.ShouldBeJsonAsync(200);
    }

    private static async Task FollowsAsync(TestRouter router) =>
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.StatesAsync(New.Ip)).ShouldBe(["blocked"]);
            (await router.StatesAsync(Old.Ip))[^1].ShouldBeOneOf("lifted", "lifting");
            router.Simulated.RuleCounts.GetValueOrDefault(New.Mac).ShouldBe(1);
            var stored = await StatesByMacAsync(router);
            stored.Contains((Old.Mac, "lifting")).ShouldBe(router.Simulated.RuleCounts.ContainsKey(Old.Mac));
        });

    private Task<int> LiveAsync(TestRouter router) =>
        server.ScalarAsync<int>(
            "SELECT COALESCE((SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = 'block'), 0)",
            router.Owner.Id
        );

    private static async Task<(string Mac, string State)[]> StatesByMacAsync(TestRouter router) =>
        [
            .. (
                await router.Owner.Server.QueryAsync(
                    "SELECT device_mac::text AS mac, state FROM blacklist.user_blacklists WHERE router_id = $1",
                    router.RouterId
                )
            ).Select(row => (row.Value<string>("mac"), row.Value<string>("state"))),
        ];

    /// <summary>Blocks, holds and the tier's counter, as they are stored.</summary>
    private async Task<string[]> StoredAsync(TestRouter router) =>
        [
            .. (
                await server.QueryAsync(
                    """
                    SELECT block::text FROM blacklist.user_blacklists AS block WHERE router_id = $1
                    UNION ALL SELECT hold::text FROM blacklist.holds AS hold WHERE router_id = $1
                    UNION ALL SELECT count::text FROM blacklist.rule_counts AS count WHERE user_id = $2
                    UNION ALL SELECT device::text FROM devices.user_devices AS device WHERE router_id = $1
                    ORDER BY 1
                    """,
                    router.RouterId,
                    router.Owner.Id
                )
            ).Select(row => row.Value<string>(0)),
        ];

    private static async Task<(string? Target, Guid? User)[]> ActivityAsync(TestRouter router, string kind)
    {
        using var response = await router.SendAsync(HttpMethod.Get, "activity?kind=" + kind);
        return
        [
            .. (await response.ShouldBeJsonAsync(200))
                .GetProperty("items")
                .EnumerateArray()
                .Select(item =>
                    (
                        item.GetProperty("target").GetString(),
                        item.GetProperty("userId").ValueKind == JsonValueKind.Null ? (Guid?)null : item.GetProperty("userId").GetGuid()
                    )
                ),
        ];
    }

    private static KnownDevice Known(Guid id, SimulatedDevice device, bool online) =>
        new(id, IPAddress.Parse(device.Ip), PhysicalAddress.Parse(device.Mac), device.Hostname, IsRouter: false, online);
}
