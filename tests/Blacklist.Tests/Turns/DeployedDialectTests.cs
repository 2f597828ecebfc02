using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>The deployed Commands-Server looks addresses up by substring: <c>.12</c> can hit <c>.120</c>.</summary>
public sealed class DeployedDialectTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Meant = new("192.168.1.12", "02:00:00:00:00:12", "meant");
    private static readonly SimulatedDevice Bystander = new("192.168.1.120", "02:00:00:00:01:20", "bystander");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_router_cannot_tell_from_another_device_is_refused_and_nothing_is_sent(bool scanned)
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Bystander, Meant);
        if (scanned)
        {
            await router.ScanAsync();
        }

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["failed"]);
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        await router.CompareAgainAndAgainAsync();
        router.Simulated.RuleHistory.ShouldBeEmpty();
        using var other = await router.BlockAsync(Bystander.Ip);
        await other.ShouldBeJsonAsync(201);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Bystander.Mac] = 1 });
    }

    /// <summary>Nothing but a scan says where the device is that the router named: the list has no address for it, or can't be read.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_that_may_have_landed_on_a_bystander_is_lifted_where_the_list_does_not_tell(bool readsList)
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Bystander, Meant);
        router.Simulated.LetIdle(Bystander.Mac);
        await router.ScanAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { LookUp = AddressLookUp.FirstMatch, HasArpProgram = false };
        using var fault = readsList
            ? null
            : server.Commands.AddFault(
                new Fault(FaultKind.Truncated) { RouterId = router.RouterId, Operation = SimulatorOperation.Blocked }
            );

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Meant.Ip)).ShouldBe(["failed"]));
        router.Simulated.TallyOf(Bystander.Mac).ShouldBe(new RuleTally(Now: 0, Most: 1, Added: 1, Removed: 1));
    }

    [Fact]
    public async Task What_a_pause_holds_waits_where_its_rule_may_have_landed_on_a_bystander()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Bystander, Meant);
        router.Simulated.LetIdle(Bystander.Mac);
        await router.ScanAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { LookUp = AddressLookUp.FirstMatch, HasArpProgram = false };

        await router.HoldAsync(Holding.Pause(Holding.NewId(), await router.DeviceIdsAsync(Meant.Mac)));

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Meant.Ip)).ShouldBe(["applying"]));
        router.Simulated.TallyOf(Bystander.Mac).ShouldBe(new RuleTally(Now: 0, Most: 1, Added: 1, Removed: 1));
    }

    [Fact]
    public async Task A_device_that_has_the_address_since_the_last_scan_is_blocked()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        await router.ScanAsync();
        var successor = new SimulatedDevice(Meant.Ip, "02:00:00:00:03:12", "successor");
        router.Simulated.SetDevices(successor);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { HasArpProgram = false };

        using var response = await router.BlockAsync(Meant.Ip);

        (await response.ShouldBeJsonAsync(201)).GetProperty("mac").GetString().ShouldBe(successor.Mac);
        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(successor.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
    }

    [Theory]
    [InlineData(CommandAnswer.TextWithMac)]
    [InlineData(CommandAnswer.Text)]
    public async Task A_rule_that_landed_on_a_bystander_is_lifted_there_and_its_row_fails(CommandAnswer answer)
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.1.200", "02:00:00:00:02:00", "another"));
        // No scan shows them.
        router.Simulated.SetArp(Bystander.Ip, Bystander.Mac);
        router.Simulated.SetArp(Meant.Ip, Meant.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { LookUp = AddressLookUp.FirstMatch, Answer = answer };

        using var response = await router.BlockAsync(Meant.Ip);

        if (answer == CommandAnswer.TextWithMac)
        {
            await response.ShouldBeProblemAsync(502, "command_failed");
        }
        else
        {
            // Only the list tells, after the answer.
            await response.ShouldBeJsonAsync(201);
        }

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Meant.Ip)).ShouldBe(["failed"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_that_took_a_bystanders_rule_says_so_and_that_rule_is_put_back()
    {
        SkipWhereLookUpsAreExact();
        var router = await BlockLookalikesAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { LookUp = AddressLookUp.FirstMatch };
        router.Simulated.SetDevices(Bystander, Meant);

        using var response = await router.UnblockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["blocked"]);
        await HasRulesOfAsync(router, Meant, Bystander);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Bystander.Ip)).ShouldBe(["blocked"]));
    }

    [Fact]
    public async Task An_unblock_that_took_a_bystanders_rule_before_its_own_puts_it_back()
    {
        SkipWhereLookUpsAreExact();
        var router = await BlockLookalikesAsync();
        // The router tries its rules in the order of adding.
        router.Simulated.RemoveRules(Meant.Mac);
        router.Simulated.AddRule(Meant.Mac);

        using var response = await router.UnblockAsync(Meant.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.TallyOf(Meant.Mac).Now.ShouldBe(0);
        await HasRulesOfAsync(router, Bystander);
    }

    [Theory]
    [InlineData(AddressLookUp.FirstMatch)]
    [InlineData(AddressLookUp.EveryMatch)]
    public async Task An_unblock_beside_a_lookalike_lifts_the_right_rule_and_says_so(AddressLookUp lookUp)
    {
        SkipWhereLookUpsAreExact();
        var router = await BlockLookalikesAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { LookUp = lookUp };

        using var response = await router.UnblockAsync(Meant.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Bystander.Mac] = 1 });
        router.Simulated.TallyOf(Bystander.Mac).Removed.ShouldBe(0);
    }

    [Fact]
    public async Task An_unblock_beside_a_lookalike_that_cannot_be_checked_is_settled_later()
    {
        SkipWhereLookUpsAreExact();
        var router = await BlockLookalikesAsync();
        using (
            server.Commands.AddFault(
                new Fault(FaultKind.Html)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Blocked,
                    Status = 200,
                    Times = null,
                }
            )
        )
        {
            using var response = await router.UnblockAsync(Meant.Ip);
            await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
            (await router.StatesAsync(Meant.Ip)).ShouldBe(["lifting"]);
        }

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Meant.Ip)).ShouldBe(["lifted"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Bystander.Mac] = 1 });
    }

    [Fact]
    public async Task A_rule_that_landed_where_it_was_meant_stays()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "Only the deployed dialect is checked after each block.");
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeJsonAsync(201);
        await router.SettledAsync();
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    /// <summary>Two blocks whose checks are over, of addresses of which one contains the other: that one came after the first block.</summary>
    private async Task<TestRouter> BlockLookalikesAsync()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        await BlockAsync(Meant);
        router.Simulated.SetDevices(Meant, Bystander);
        await BlockAsync(Bystander);
        return router;

        async Task BlockAsync(SimulatedDevice device)
        {
            await router.ScanAsync();
            using var response = await router.BlockAsync(device.Ip);
            await response.ShouldBeJsonAsync(201);
            await router.SettledAsync();
        }
    }

    private static Task HasRulesOfAsync(TestRouter router, params SimulatedDevice[] devices) =>
        Eventually.HoldsAsync(() =>
        {
            router.Simulated.RuleCounts.ShouldBe(devices.ToDictionary(device => device.Mac, _ => 1), ignoreOrder: true);
            return Task.CompletedTask;
        });

    private void SkipWhereLookUpsAreExact() =>
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
}
