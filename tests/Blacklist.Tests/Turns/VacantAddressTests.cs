using NetPilot.Blacklist.Contracts;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>Nobody has the address any more that a device was last seen with: the router finds no device there, and a look tells where it is.</summary>
public sealed class VacantAddressTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Phone = new("192.168.1.150", "3c:52:82:00:01:50", "phone");
    private static readonly SimulatedDevice Laptop = new("192.168.1.160", "3c:52:82:00:01:60", "laptop");
    private static readonly SimulatedDevice Console = new("192.168.1.170", "3c:52:82:00:01:70", "console");
    private const string PhonesNew = "192.168.1.180";
    private const string ConsolesNew = "192.168.1.190";
    private readonly Guid _person = NewId();

    [Fact]
    public async Task A_device_that_has_moved_is_blocked_where_a_scan_shows_it()
    {
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);

        using var blocked = await router.PostAsync("block", new { deviceId = phone });

        var block = await blocked.ShouldBeJsonAsync(201);
        (block.GetProperty("mac").GetString(), block.GetProperty("ip").GetString()).ShouldBe((Phone.Mac, PhonesNew));
        router.CallsOf(SimulatorOperation.Block).Select(call => call.Ip).ShouldBe([Phone.Ip, PhonesNew]);
        router.Simulated.TallyOf(Phone.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
    }

    /// <summary>In the plan, a command that failed was not done, whatever the words.</summary>
    [Theory]
    [InlineData("device 192.168.1.150 is offline")]
    [InlineData("no")]
    public async Task Neither_do_the_words_of_the_refusal_matter(string words)
    {
        SkipUnlessPlan();
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
        using var refusal = Refuse(router, SimulatorOperation.Block, words);

        using var blocked = await router.PostAsync("block", new { deviceId = phone });

        (await blocked.ShouldBeJsonAsync(201)).GetProperty("ip").GetString().ShouldBe(PhonesNew);
        router.CallsOf(SimulatorOperation.Block).Select(call => call.Ip).ShouldBe([Phone.Ip, PhonesNew]);
        router.Simulated.TallyOf(Phone.Mac).Added.ShouldBe(1);
    }

    [Fact]
    public async Task What_the_router_refuses_for_a_device_that_is_there_is_sent_once()
    {
        SkipUnlessPlan();
        var (router, phone) = await PhoneAsync(movesTo: Phone.Ip);
        using var refusal = Refuse(router, SimulatorOperation.Block, "no");

        using var refused = await router.PostAsync("block", new { deviceId = phone });

        await refused.ShouldBeProblemAsync(502, "command_failed");
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Nothing_is_sent_again_where_the_list_may_hold_the_rule()
    {
        SkipUnlessPlan();
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
        router.Simulated.SetExtraBlocked("""{"mac":"br:lan","ip":"N/A"}""");
        using var refusal = Refuse(router, SimulatorOperation.Block, "no");

        using var refused = await router.PostAsync("block", new { deviceId = phone });

        await refused.ShouldBeProblemAsync(502, "command_failed");
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    /// <summary>The list shows an address that nobody is known by, or still the one that the device has left.</summary>
    [Theory]
    [InlineData(PhonesNew)]
    [InlineData("192.168.1.150")]
    public async Task A_device_that_has_moved_is_unblocked_where_a_scan_shows_it(string listed)
    {
        SkipUnlessPlan();
        var (router, _) = await PhoneAsync(movesTo: Phone.Ip);
        (await router.BlockAsync(Phone.Ip)).Dispose();
        router.Simulated.ChangeDevice(Phone.Mac, ip: PhonesNew);
        using var list = Lists(router, listed);
        using var refusal = Refuse(router, SimulatorOperation.Unblock, "no");

        using var unblocked = await router.UnblockAsync(Phone.Ip);

        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_unblock_of_a_device_that_no_scan_shows_waits()
    {
        SkipUnlessPlan();
        var (router, _) = await PhoneAsync(movesTo: Phone.Ip);
        (await router.BlockAsync(Phone.Ip)).Dispose();
        router.Simulated.ChangeDevice(Phone.Mac, present: false);
        using var list = Lists(router, Phone.Ip);
        using var refusal = Refuse(router, SimulatorOperation.Unblock, "no");

        using var unblocked = await router.UnblockAsync(Phone.Ip);

        (await unblocked.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
    }

    [Fact]
    public async Task An_unblock_that_is_refused_for_a_device_that_is_there_leaves_the_block_in_force()
    {
        SkipUnlessPlan();
        var (router, _) = await PhoneAsync(movesTo: Phone.Ip);
        (await router.BlockAsync(Phone.Ip)).Dispose();
        using var list = Lists(router, Phone.Ip);
        using var refusal = Refuse(router, SimulatorOperation.Unblock, "no");

        using var refused = await router.UnblockAsync(Phone.Ip);

        await refused.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(Phone.Ip)).ShouldBe(["blocked"]);
        router.CallsOf(SimulatorOperation.Unblock).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pause_or_a_schedule_holds_it_there_at_once(bool isSchedule)
    {
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);

        var held = await router.HoldAsync(isSchedule ? Window(NewId(), phone) : Pause(_person, phone));

        held.ShouldBe([new DeviceHoldResult(phone, DeviceBlockState.Blocked, null, false)]);
        router.Simulated.TallyOf(Phone.Mac).Added.ShouldBe(1);
    }

    [Fact]
    public async Task A_device_that_is_away_is_looked_for_once()
    {
        var (router, phone) = await PhoneAsync(movesTo: null);
        var scans = router.CallsOf(SimulatorOperation.Scan).Count;

        using var refused = await router.PostAsync("block", new { deviceId = phone });

        await refused.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(Phone.Ip)).ShouldBe(["failed"]);
        router.CallsOf(SimulatorOperation.Scan).Count.ShouldBe(scans + 1);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_device_that_only_fell_silent_is_found_by_the_look()
    {
        var (router, phone) = await PhoneAsync(movesTo: Phone.Ip);
        // The router has lost its entry, which the look renews.
        router.Simulated.RemoveArp(Phone.Ip);
        router.Simulated.RemoveLease(Phone.Ip);
        using var look = Hold(router, SimulatorOperation.Scan);
        var block = router.PostAsync("block", new { deviceId = phone });
        await look.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        router.Simulated.ResetArp();

        look.Release();

        using var blocked = await block;
        await blocked.ShouldBeJsonAsync(201);
        router.Simulated.TallyOf(Phone.Mac).Added.ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_is_looked_for_where_the_first_command_succeeds()
    {
        var (router, phone) = await PhoneAsync(movesTo: Phone.Ip);
        var scans = router.CallsOf(SimulatorOperation.Scan).Count;

        using var blocked = await router.PostAsync("block", new { deviceId = phone });

        await blocked.ShouldBeJsonAsync(201);
        router.CallsOf(SimulatorOperation.Scan).Count.ShouldBe(scans);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_many_devices_those_that_are_there_come_first_and_one_look_finds_the_others(bool isBatch)
    {
        var router = await NewRouterAsync(Phone, Laptop, Console);
        var ids = await router.DeviceIdsAsync(Phone.Mac, Laptop.Mac, Console.Mac);
        router.Simulated.ChangeDevice(Phone.Mac, ip: PhonesNew);
        router.Simulated.ChangeDevice(Console.Mac, ip: ConsolesNew);
        var before = router.Calls.Count;

        if (isBatch)
        {
            using var response = await router.PostAsync("block/batch", new { items = ids.Select(id => new { deviceId = id }).ToArray() });
            var results = (await response.ShouldBeJsonAsync(200)).GetProperty("results").EnumerateArray();
            results.Select(result => result.GetProperty("status").GetInt32()).ShouldBe([201, 201, 201]);
        }
        else
        {
            (await router.HoldAsync(Pause(_person, ids))).ShouldAllBe(result => result.State == DeviceBlockState.Blocked);
        }

        router
            .Calls.Skip(before)
            .Where(call => call.Operation is SimulatorOperation.Block or SimulatorOperation.Scan)
            .Select(call => call.Ip)
            .ShouldBe([Phone.Ip, Laptop.Ip, Console.Ip, null, PhonesNew, ConsolesNew]);
        router.Simulated.Rules.ShouldBe([Laptop.Mac, Phone.Mac, Console.Mac]);
    }

    [Fact]
    public async Task A_rule_that_the_device_has_already_is_not_made_twice()
    {
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
        router.Simulated.AddRule(Phone.Mac);

        using var blocked = await router.PostAsync("block", new { deviceId = phone });

        await blocked.ShouldBeJsonAsync(201);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Phone.Mac] = 1 });
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_second_command_whose_answer_is_lost_is_settled_by_asking()
    {
        var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
        using var look = Hold(router, SimulatorOperation.Scan);
        var block = router.PostAsync("block", new { deviceId = phone });
        await look.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        server.Commands.AddFault(
            new Fault(FaultKind.Html)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Status = 200,
                Executed = true,
            }
        );

        look.Release();

        using var lost = await block;
        await lost.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(PhonesNew)).ShouldBe(["blocked"]));
        router.Simulated.TallyOf(Phone.Mac).Added.ShouldBe(1);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Who_unblocks_the_device_during_the_look_keeps_it_from_being_blocked()
    {
        await server.HoldingAsync(
            SimulatorOperation.Scan,
            async held =>
            {
                var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
                held.Begin(router);
                var block = router.PostAsync("block", new { deviceId = phone });
                await held.WaitAsync();
                using var unblocked = await router.SendAsync(HttpMethod.Post, "unblock", new { deviceId = phone }, "respond-async");
                (await unblocked.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");

                held.Release();

                (await block).Dispose();
                await Eventually.HoldsAsync(async () => (await router.RowAsync()).Value<string>("state").ShouldBe("lifted"));
                router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
                router.Simulated.RuleHistory.ShouldBeEmpty();
            }
        );
    }

    [Fact]
    public async Task Nothing_more_is_sent_for_a_router_that_is_given_up_during_the_look()
    {
        await server.HoldingAsync(
            SimulatorOperation.Scan,
            async held =>
            {
                var (router, phone) = await PhoneAsync(movesTo: PhonesNew);
                held.Begin(router);
                var block = router.PostAsync("block", new { deviceId = phone });
                await held.WaitAsync();
                (await router.DeleteAsync()).Dispose();

                held.Release();

                using var response = await block;
                response.IsSuccessStatusCode.ShouldBeFalse();
                router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
                router.Simulated.RuleHistory.ShouldBeEmpty();
            }
        );
    }

    private void SkipUnlessPlan() =>
        Assert.SkipUnless(server.Dialect == CommandsDialect.Plan, "What the deployed form reports as failed may have been done.");

    private FaultHandle Refuse(TestRouter router, SimulatorOperation operation, string words) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = operation,
                Status = 500,
                Code = "COMMAND_FAILED",
                Message = $"Command failed: {words}",
            }
        );

    private FaultHandle Lists(TestRouter router, string ip) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Blocked,
                Data = $"""["{ip}"]""",
                Times = null,
            }
        );

    private FaultHandle Hold(TestRouter router, SimulatorOperation operation) =>
        server.Commands.AddFault(new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = operation });

    private async Task<TestRouter> NewRouterAsync(params SimulatedDevice[] devices)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(devices);
        return router;
    }

    /// <summary>A router whose phone was seen, and has moved since, or left.</summary>
    private async Task<(TestRouter Router, Guid Phone)> PhoneAsync(string? movesTo)
    {
        var router = await NewRouterAsync(Phone, Laptop);
        var ids = await router.DeviceIdsAsync(Phone.Mac);
        router.Simulated.ChangeDevice(Phone.Mac, ip: movesTo, present: movesTo is not null);
        return (router, ids[0]);
    }
}
