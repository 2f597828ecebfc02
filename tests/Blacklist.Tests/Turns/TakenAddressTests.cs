using NetPilot.Blacklist.Contracts;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A device is away, and another one has its address: what is meant for the one does not reach the other.</summary>
public sealed class TakenAddressTests(BlacklistServer server)
{
    private const string Taken = "192.168.1.150";
    private static readonly SimulatedDevice Away = new(Taken, "3c:52:82:00:01:50", "phone");
    private static readonly SimulatedDevice Other = new("192.168.1.160", "3c:52:82:00:01:60", "laptop");
    private readonly Guid _person = NewId();

    [Fact]
    public async Task A_pause_waits_for_the_device_and_holds_it_where_it_returns()
    {
        var (router, away, _) = await SwappedAsync(isSeen: true);

        var result = (await router.HoldAsync(Pause(_person, away))).ShouldHaveSingleItem();

        (result.State, result.Code).ShouldBe((DeviceBlockState.Applying, "command_failed"));
        router.Simulated.RuleCounts.ShouldBeEmpty();
        router.Simulated.ChangeDevice(Away.Mac, ip: "192.168.1.170", present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe([Away.Mac]);
            return Task.CompletedTask;
        });
        router.Simulated.TallyOf(Other.Mac).Added.ShouldBe(0);
    }

    [Fact]
    public async Task A_device_that_has_moved_is_found_by_a_scan_and_blocked_there()
    {
        var (router, away, _) = await SwappedAsync(isSeen: true);
        router.Simulated.ChangeDevice(Away.Mac, ip: "192.168.1.170", present: true);

        using var blocked = await router.PostAsync("block", new { deviceId = away });

        (await blocked.ShouldBeJsonAsync(201)).GetProperty("mac").GetString().ShouldBe(Away.Mac);
        router.Simulated.Rules.ShouldBe([Away.Mac]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task So_is_a_block_whose_answer_names_nobody_and_whoever_has_the_address_is_freed(bool listsAddresses)
    {
        Assert.SkipWhen(listsAddresses && server.Dialect == CommandsDialect.Deployed, "The deployed form lists MACs.");
        var (router, away, _) = await SwappedAsync(isSeen: false);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { Answer = CommandAnswer.Text, BlockedAsAddresses = listsAddresses };

        using var refused = await router.PostAsync("block", new { deviceId = away });

        await refused.ShouldBeProblemAsync(502, "command_failed");
        router.Simulated.RuleCounts.ShouldBeEmpty();
        (await router.BlockedAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_block_of_the_device_is_refused_and_nobody_is_blocked(bool isSeen)
    {
        var (router, away, _) = await SwappedAsync(isSeen);

        using var refused = await router.PostAsync("block", new { deviceId = away });

        await refused.ShouldBeProblemAsync(502, "command_failed");
        await Eventually.HoldsAsync(async () =>
        {
            router.Simulated.RuleCounts.ShouldBeEmpty();
            (await router.BlockedAsync()).ShouldBeEmpty();
        });
        // Who is at the address can be blocked by it.
        using var byAddress = await router.BlockAsync(Taken);
        (await byAddress.ShouldBeJsonAsync(201)).GetProperty("mac").GetString().ShouldBe(Other.Mac);
        router.Simulated.Rules.ShouldBe([Other.Mac]);
        using var unblocked = await router.PostAsync("unblock", new { deviceId = away });
        await unblocked.ShouldBeProblemAsync(404, "not_blocked");
        router.Simulated.Rules.ShouldBe([Other.Mac]);
    }

    [Fact]
    public async Task The_end_of_its_hold_takes_nobody_elses_rule()
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac, Other.Mac);
        await router.HoldAsync(Pause(_person, ids[0]));
        Swap(router);
        await router.ScanAsync();
        using var blocked = await router.PostAsync("block", new { deviceId = ids[1] });
        await blocked.ShouldBeJsonAsync(201);

        await router.HoldAsync(WantedHolds.None(HoldSource.OfPause(_person)));

        router.Simulated.Rules.ShouldContain(Other.Mac);
        router.Simulated.TallyOf(Other.Mac).Removed.ShouldBe(0);
        router.Simulated.ChangeDevice(Away.Mac, ip: "192.168.1.170", present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe([Other.Mac]);
            return Task.CompletedTask;
        });
        router.Simulated.TallyOf(Other.Mac).Removed.ShouldBe(0);
    }

    [Fact]
    public async Task Who_unblocks_the_other_device_does_not_let_it_through()
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac, Other.Mac);
        (await router.BlockAsync(Taken)).Dispose();
        await router.SettledAsync();
        Swap(router);
        await router.ScanAsync();

        using var unblocked = await router.PostAsync("unblock", new { deviceId = ids[1] });

        await unblocked.ShouldBeProblemAsync(404, "not_blocked");
        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        (block.GetProperty("mac").GetString(), block.GetProperty("state").GetString()).ShouldBe((Away.Mac, "blocked"));
        block.GetProperty("holds").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task An_unblock_of_the_device_that_cannot_look_says_so_and_ends_nothing()
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac);
        (await router.BlockAsync(Taken)).Dispose();
        await router.SettledAsync();
        Swap(router);
        await router.ScanAsync();
        router.Simulated.Online = false;

        using var failed = await router.PostAsync("unblock", new { deviceId = ids[0] });

        ((int)failed.StatusCode).ShouldBeGreaterThanOrEqualTo(500);
        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        (block.GetProperty("mac").GetString(), block.GetProperty("state").GetString()).ShouldBe((Away.Mac, "blocked"));
    }

    [Fact]
    public async Task An_unblock_that_was_sent_is_settled_by_asking_though_a_scan_before_it_failed()
    {
        var router = await NewRouterAsync();
        var away = (await router.DeviceIdsAsync(Away.Mac))[0];
        (await router.BlockAsync(Taken)).Dispose();
        await router.SettledAsync();
        Swap(router);
        await router.ScanAsync();
        router.Simulated.ChangeDevice(Away.Mac, ip: "192.168.1.170", present: true);
        // A block that the router lost is put back where a scan shows the device.
        await router.HaveBlockedAsync([new SimulatedDevice("192.168.1.190", "3c:52:82:00:01:90", "tv")], withRules: false);
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Scan,
                Status = 502,
                Code = "COMMAND_FAILED",
                Times = 1,
            }
        );
        server.Commands.AddFault(
            new Fault(FaultKind.Html)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Status = 200,
                Executed = true,
                Times = 1,
            }
        );

        (await router.PostAsync("unblock", new { deviceId = away })).Dispose();

        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<string>(
                    "SELECT state FROM blacklist.user_blacklists WHERE router_id = $1 AND device_mac = $2::macaddr",
                    router.RouterId,
                    Away.Mac
                )
            ).ShouldBe("lifted")
        );
        router.Simulated.TallyOf(Away.Mac).ShouldBe(new RuleTally(Now: 0, Most: 1, Added: 1, Removed: 1));
    }

    [Fact]
    public async Task A_rule_that_went_to_the_other_device_is_taken_back_though_a_pause_joined_meanwhile()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, away, _) = await SwappedAsync(isSeen: false);
                held.Begin(router);
                var block = router.PostAsync("block", new { deviceId = away });
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, away)], wait: TimeSpan.Zero);
                held.Release();

                using var refused = await block;

                await refused.ShouldBeProblemAsync(502, "command_failed");
                await Eventually.HoldsAsync(() =>
                {
                    router.Simulated.RuleCounts.ShouldBeEmpty();
                    return Task.CompletedTask;
                });
                (await router.HoldKindsAsync()).ShouldBe(["pause"]);
                await ReturnsAsync(router);
            }
        );
    }

    [Theory]
    [InlineData(CommandAnswer.TextWithMac)]
    [InlineData(CommandAnswer.Text)]
    public async Task Nor_does_a_block_of_the_address_keep_the_other_device_once_a_pause_has_joined(CommandAnswer answer)
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, away, _) = await SwappedAsync(isSeen: false);
                router.Simulated.Behaviour = router.Simulated.Behaviour with { Answer = answer };
                held.Begin(router);
                var block = router.BlockAsync(Taken);
                await held.WaitAsync();
                await router.HoldAsync([Pause(_person, away)], wait: TimeSpan.Zero);
                held.Release();
                (await block).Dispose();

                await router.SyncAsync();

                await Eventually.HoldsAsync(() =>
                {
                    router.Simulated.RuleCounts.ShouldBeEmpty();
                    return Task.CompletedTask;
                });
                (await router.BlockedAsync()).ShouldHaveSingleItem().GetProperty("mac").GetString().ShouldBe(Away.Mac);
                await ReturnsAsync(router);
            }
        );
    }

    [Theory]
    [InlineData(FaultKind.Envelope)]
    [InlineData(FaultKind.ResetBefore)]
    [InlineData(FaultKind.ResetAfter)]
    public async Task A_rule_that_went_to_the_other_device_and_cannot_be_taken_back_at_once_is_not_forgotten(FaultKind kind)
    {
        var (router, away, _) = await SwappedAsync(isSeen: false);
        using (
            var fault = server.Commands.AddFault(
                new Fault(kind)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Unblock,
                    Times = null,
                }
            )
        )
        {
            // Whoever asked the router would learn that the unblock whose answer is lost was carried out.
            using var looks = kind == FaultKind.ResetAfter ? router.HideRules() : null;
            var held = (await router.HoldAsync(Pause(_person, away))).ShouldHaveSingleItem();

            held.State.ShouldBe(DeviceBlockState.Applying);
            var blocks = await router.BlockedAsync();
            blocks
                .Select(block => (block.GetProperty("mac").GetString(), block.GetProperty("state").GetString()))
                .ShouldBe([(Other.Mac, "lifting"), (Away.Mac, "applying")]);
            if (kind == FaultKind.Envelope)
            {
                // What the router refused is not repeated soon.
                (
                    await server.ScalarAsync<bool>(
                        "SELECT settle_at > now() + interval '5 seconds' FROM blacklist.user_blacklists WHERE router_id = $1 AND state = 'lifting'",
                        router.RouterId
                    )
                ).ShouldBeTrue();
            }
        }

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.Simulated.RuleCounts.ShouldBeEmpty();
            (await router.HoldKindsAsync()).ShouldBe(["pause"]);
        });
        await ReturnsAsync(router);
    }

    [Theory]
    [InlineData(FaultKind.ResetAfter)]
    [InlineData(FaultKind.HangBody)]
    public async Task After_a_lost_answer_a_pause_does_not_hold_the_other_device(FaultKind kind)
    {
        var (router, away, _) = await SwappedAsync(isSeen: false);
        using var fault = server.Commands.AddFault(
            new Fault(kind)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Times = 1,
            }
        );

        await router.HoldAsync([Pause(_person, away)], wait: TimeSpan.Zero);

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.CallsOf(SimulatorOperation.Unblock).ShouldNotBeEmpty();
            router.Simulated.RuleCounts.ShouldBeEmpty();
        });
        await ReturnsAsync(router);
    }

    [Fact]
    public async Task A_pause_waits_though_only_a_later_look_tells_that_the_other_device_has_its_rule()
    {
        var (router, away, _) = await SwappedAsync(isSeen: false);
        router.Simulated.Behaviour = new RouterBehaviour { Answer = CommandAnswer.ObjectWithoutMac };
        await router.HoldAsync(Pause(_person, away));
        router.Simulated.Behaviour = new RouterBehaviour();

        await Eventually.HoldsAsync(async () =>
        {
            using var synced = await router.PostAsync("blocked/sync");
            await synced.ShouldBeJsonAsync(200);
            router.Simulated.RuleCounts.ShouldBeEmpty();
        });

        router.Simulated.TallyOf(Other.Mac).Added.ShouldBe(1);
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
        await ReturnsAsync(router);
    }

    [Fact]
    public async Task What_is_tried_again_for_a_pause_does_not_stay_on_an_idle_device_that_has_the_address()
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac);
        router.Simulated.Online = false;
        await router.HoldAsync(Pause(_person, ids[0]));
        Swap(router);
        router.Simulated.LetIdle(Other.Mac);
        router.Simulated.Online = true;

        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.CallsOf(SimulatorOperation.Unblock).ShouldNotBeEmpty();
            router.Simulated.RuleCounts.ShouldBeEmpty();
        });
        await ReturnsAsync(router);
    }

    [Fact]
    public async Task What_is_tried_again_for_a_user_who_named_the_device_does_not_stay_there_either()
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac);
        router.Simulated.Online = false;
        using (var blocked = await router.SendAsync(HttpMethod.Post, "block", new { deviceId = ids[0] }, "respond-async"))
        {
            await blocked.ShouldBeJsonAsync(202);
        }

        // The first attempt is over.
        await Eventually.HoldsAsync(async () => (await router.RowAsync())["code"].ShouldNotBeNull());
        Swap(router);
        router.Simulated.LetIdle(Other.Mac);
        router.Simulated.Online = true;

        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            router.CallsOf(SimulatorOperation.Unblock).ShouldNotBeEmpty();
            router.Simulated.RuleCounts.ShouldBeEmpty();
        });
        (await router.StatesAsync(Taken)).ShouldNotContain("blocked");
    }

    /// <summary>The device comes back at another address, and is held there.</summary>
    private static async Task ReturnsAsync(TestRouter router)
    {
        router.Simulated.ChangeDevice(Away.Mac, ip: "192.168.1.170", present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.Simulated.Rules.ShouldBe([Away.Mac]);
        });
    }

    private async Task<TestRouter> NewRouterAsync()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Away, Other);
        await router.ScanAsync();
        return router;
    }

    /// <summary>A router whose one device is away while the other one has its address, and has been seen there or not.</summary>
    private async Task<(TestRouter Router, Guid Away, Guid Other)> SwappedAsync(bool isSeen)
    {
        var router = await NewRouterAsync();
        var ids = await router.DeviceIdsAsync(Away.Mac, Other.Mac);
        Swap(router);
        if (isSeen)
        {
            await router.ScanAsync();
        }

        return (router, ids[0], ids[1]);
    }

    private static void Swap(TestRouter router)
    {
        router.Simulated.ChangeDevice(Away.Mac, present: false);
        router.Simulated.ChangeDevice(Other.Mac, ip: Taken);
    }
}
