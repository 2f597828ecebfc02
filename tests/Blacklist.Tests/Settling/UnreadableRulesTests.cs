using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>An entry that names no device may be any rule: the others count, and nothing counts as absent.</summary>
public sealed class UnreadableRulesTests(BlacklistServer server)
{
    private static readonly string[] Unreadable =
    [
        """{"mac":"br:lan","ip":"N/A"}""",
        """{"mac":"01:00:5e:00:00:fb","ip":"N/A"}""",
        "\"N/A\"",
        "17",
    ];

    [Fact]
    public async Task Readable_entries_settle_their_rows_and_the_others_are_reported()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (kept, lost) = (router.Simulated.Device(), router.Simulated.Device(1));
        router.Simulated.SetExtraBlocked(Unreadable);
        server.Commands.AddFault(new Fault(FaultKind.Truncated) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });
        using (var response = await router.BlockAsync(lost.Ip))
        {
            await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        }

        (await router.BlockAsync(kept.Ip)).Dispose();

        await Eventually.HoldsAsync(async () =>
        {
            (await router.StatesAsync(lost.Ip)).ShouldBe(["blocked"]);
            (await router.StatesAsync(kept.Ip)).ShouldBe(["blocked"]);
        });
        var report = await router.SyncAsync();

        report.Texts("reapplied").ShouldBeEmpty();
        report.Texts("lifted").ShouldBeEmpty();
        report
            .GetProperty("unmanaged")
            .EnumerateArray()
            .Take(2)
            .Select(rule => (rule.GetProperty("mac").GetString(), rule.GetProperty("ip").GetString()))
            .ShouldBe([("br:lan", "N/A"), ("01:00:5e:00:00:fb", "N/A")]);
        report.GetProperty("unmanaged").GetArrayLength().ShouldBe(Unreadable.Length);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [kept.Mac] = 1, [lost.Mac] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public async Task A_timed_block_is_lifted_beside_them()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.SetExtraBlocked(Unreadable);

        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_such_a_list_lacks_is_neither_put_back_nor_called_lifted()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);
        router.Simulated.SetExtraBlocked(Unreadable[0]);

        await router.CompareAgainAndAgainAsync();

        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("code").GetString().ShouldBe("unconfirmed");
        using (var unblocked = await router.UnblockAsync(device.Ip))
        {
            ((int)unblocked.StatusCode).ShouldNotBe(200);
        }

        (await router.StatesAsync(device.Ip)).ShouldNotContain("lifted");
        router.Simulated.SetExtraBlocked();
        // An attempt that read the list before may be under way, and an unblock that joins it fails with it.
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            using var lifted = await router.UnblockAsync(device.Ip);
            ((int)lifted.StatusCode).ShouldBeOneOf(200, 404);
        });
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
    }

    [Fact]
    public async Task What_could_not_be_confirmed_is_put_back_when_the_list_can_be_read()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);
        router.Simulated.SetExtraBlocked(Unreadable);
        await router.DriftAsync();
        router.Simulated.SetExtraBlocked();

        (await router.SyncAsync()).Texts("reapplied").ShouldBe([device.Ip]);

        await router.SyncAsync();
        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 2, Removed: 1));
        (await router.BlockedAsync()).Single().GetProperty("code").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    /// <summary>What the router took for the MAC of an incomplete entry is in the rule; the address beside it says nothing of whose rule it is.</summary>
    [Theory]
    [InlineData("at")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("01:00:5e:00:00:fb")]
    public async Task An_entry_at_a_devices_address_whose_MAC_is_none_is_not_the_devices_rule(string mac)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.SetExtraBlocked($$"""{"mac":"{{mac}}","ip":"{{device.Ip}}"}""");

        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.Simulated.RemoveRules(device.Mac);
        await router.DriftAsync();
        (await router.BlockedAsync()).Single().GetProperty("code").GetString().ShouldBe("unconfirmed");
    }

    [Fact]
    public async Task An_unblock_is_believed_beside_an_entry_at_the_devices_address_whose_MAC_is_none()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.SetExtraBlocked($$"""{"mac":"at","ip":"{{device.Ip}}"}""");

        using var unblocked = await router.UnblockAsync(device.Ip);

        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBe(1);
    }
}
