using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>The deployed Commands-Server makes one rule of all the devices that a look-up by substring finds.</summary>
public sealed class SeveralDevicesTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Meant = new("192.168.1.12", "02:00:00:00:00:12", "meant");
    private static readonly SimulatedDevice Bystander = new("192.168.1.120", "02:00:00:00:01:20", "bystander");

    /// <summary>The list leaves such a rule out, no unblock removes it, and one that is tried takes another rule.</summary>
    [Fact]
    public async Task A_rule_for_several_devices_stays_says_so_and_is_not_touched()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Bystander);
        await router.ScanAsync();
        (await router.BlockAsync(Bystander.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.SetDevices(Meant);
        await router.ScanAsync();
        // No scan shows it.
        router.Simulated.SetArp(Bystander.Ip, Bystander.Mac);

        using (var response = await router.BlockAsync(Meant.Ip))
        {
            await response.ShouldBeProblemAsync(502, "command_failed");
        }

        string[] rules = [Bystander.Mac, $"{Meant.Mac} {Bystander.Mac}"];
        router.Simulated.Rules.ShouldBe(rules);
        await router.CompareAgainAndAgainAsync();
        router.Simulated.Rules.ShouldBe(rules);
        var block = (await router.BlockedAsync("?state=blocked")).Single(row => row.GetProperty("ip").GetString() == Meant.Ip);
        block.GetProperty("code").GetString().ShouldBe("unconfirmed");
        using (var unblocked = await router.UnblockAsync(Meant.Ip))
        {
            await unblocked.ShouldBeProblemAsync(502, "command_failed");
        }

        (await router.StatesAsync(Meant.Ip)).ShouldBe(["blocked"]);
        router.Simulated.Rules.ShouldBe(rules);
        router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
        using var reset = await router.SendAsync(HttpMethod.Post, "reset");
        ((int)reset.StatusCode).ShouldBeInRange(200, 299);
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["lifted"]);
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_refused_reset_does_not_count_as_done_where_the_list_leaves_the_only_rule_out()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        router.Simulated.SetArp(Bystander.Ip, Bystander.Mac);
        (await router.BlockAsync(Meant.Ip)).Dispose();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ResetRefuses = true };

        using var reset = await router.SendAsync(HttpMethod.Post, "reset");

        await reset.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["blocked"]);
        await router.CompareAgainAndAgainAsync();
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["blocked"]);
        (await router.RowAsync()).Value<string>("code").ShouldBe("unconfirmed");
        router.Simulated.Rules.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_timed_rule_for_several_devices_is_not_called_lifted_when_its_time_is_over()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        router.Simulated.SetArp(Bystander.Ip, Bystander.Mac);
        (await router.BlockAsync(Meant.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();

        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(Meant.Ip)).ShouldBe(["lifting"]));
        await router.CompareAgainAndAgainAsync();

        (await router.StatesAsync(Meant.Ip)).ShouldBe(["lifting"]);
        (await router.RowAsync()).Value<string>("code").ShouldBe("unconfirmed");
        router.Simulated.Rules.ShouldHaveSingleItem();
        router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rule_for_one_device_that_two_lines_name_stays_and_says_so()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        router.Simulated.SetArp(Bystander.Ip, Meant.Mac);

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        await router.CompareAgainAndAgainAsync();
        router.Simulated.Rules.ShouldBe([$"{Meant.Mac} {Meant.Mac}"]);
        (await router.BlockedAsync()).Single().GetProperty("code").GetString().ShouldBe("unconfirmed");
    }

    [Fact]
    public async Task Where_no_scan_tells_whether_the_address_is_a_part_of_another_nothing_is_sent()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant, Bystander);
        using var fault = server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Scan,
                Status = 500,
                Code = "COMMAND_FAILED",
                Times = null,
            }
        );

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        (await router.StatesAsync(Meant.Ip)).ShouldBe(["failed"]);
    }

    [Fact]
    public async Task A_device_that_came_after_the_last_scan_is_seen_before_anything_is_sent()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        await router.ScanAsync();
        await server.ExecuteAsync(
            "UPDATE devices.router_scans SET scanned_at = scanned_at - interval '6 minutes' WHERE router_id = $1",
            router.RouterId
        );
        router.Simulated.SetDevices(Meant, Bystander);

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rule_for_several_devices_that_was_unblocked_during_its_call_says_that_it_is_there()
    {
        SkipWhereLookUpsAreExact();
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                router.Simulated.SetDevices(Meant);
                await router.ScanAsync();
                router.Simulated.SetArp(Bystander.Ip, Bystander.Mac);
                held.Begin(router);
                var block = router.BlockAsync(Meant.Ip);
                await held.WaitAsync();
                (await router.UnblockAsync(Meant.Ip, "respond-async")).Dispose();

                held.Release();

                (await block).Dispose();
                await router.CompareAgainAndAgainAsync();
                (await router.StatesAsync(Meant.Ip)).ShouldBe(["blocked"]);
                (await router.RowAsync()).Value<string>("code").ShouldBe("unconfirmed");
                router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
            }
        );
    }

    [Fact]
    public async Task A_scan_is_not_repeated_within_minutes()
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        await router.ScanAsync();

        using var response = await router.BlockAsync(Meant.Ip);

        await response.ShouldBeJsonAsync(201);
        router.CallsOf(SimulatorOperation.Scan).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Where_a_scan_fails_an_older_one_has_the_last_word_and_without_one_nothing_is_sent(bool isOneStored, int blocks)
    {
        SkipWhereLookUpsAreExact();
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Meant);
        if (isOneStored)
        {
            await router.ScanAsync();
            await server.ExecuteAsync(
                "UPDATE devices.router_scans SET scanned_at = scanned_at - interval '1 day' WHERE router_id = $1",
                router.RouterId
            );
        }

        using var fault = server.Commands.AddFault(
            new Fault(FaultKind.Envelope) { RouterId = router.RouterId, Operation = SimulatorOperation.Scan }
        );

        using var response = await router.BlockAsync(Meant.Ip);

        ((int)response.StatusCode).ShouldBe(isOneStored ? 201 : 502);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(blocks);
    }

    private void SkipWhereLookUpsAreExact() =>
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
}
