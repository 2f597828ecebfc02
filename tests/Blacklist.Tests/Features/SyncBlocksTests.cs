using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Features;

public sealed class SyncBlocksTests(BlacklistServer server)
{
    private const string Stranger = "02:11:22:33:44:55";

    [Fact]
    public async Task Sync_puts_back_what_is_missing_lifts_what_should_be_gone_and_reports_the_rest()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (lost, back, kept) = (router.Simulated.Device(), router.Simulated.Device(1), router.Simulated.Device(2));
        foreach (var device in (SimulatedDevice[])[lost, back, kept])
        {
            (await router.BlockAsync(device.Ip)).Dispose();
        }

        (await router.UnblockAsync(back.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(lost.Mac);
        router.Simulated.AddRule(back.Mac);
        router.Simulated.AddRule(Stranger);

        var report = await router.SyncAsync();

        report.Texts("reapplied").ShouldBe([lost.Ip]);
        report.Texts("lifted").ShouldBe([back.Ip]);
        var unmanaged = report.GetProperty("unmanaged").EnumerateArray().Single();
        unmanaged.GetProperty("mac").GetString().ShouldBe(Stranger);
        unmanaged.GetProperty("ip").ValueKind.ShouldBe(JsonValueKind.Null);
        router.Simulated.RuleCounts.ShouldBe(
            new Dictionary<string, int>
            {
                [lost.Mac] = 1,
                [kept.Mac] = 1,
                [Stranger] = 1,
            },
            ignoreOrder: true
        );
        var second = await router.SyncAsync();
        second.Texts("reapplied").ShouldBeEmpty();
        second.Texts("lifted").ShouldBeEmpty();
    }

    [Fact]
    public async Task Plain_lists_of_addresses_are_compared_by_address()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Blocked,
                Data = $"[\"{device.Ip}\", \"192.168.1.233\"]",
                // The server may look by itself at any time, before this test does.
                Times = null,
            }
        );

        var report = await router.SyncAsync();

        report.Texts("reapplied").ShouldBeEmpty();
        report.GetProperty("unmanaged").EnumerateArray().Single().GetProperty("ip").GetString().ShouldBe("192.168.1.233");
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_drift_check_does_the_same_by_itself()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);

        await server.ExecuteAsync("UPDATE blacklist.router_checks SET next_check_at = now() WHERE router_id = $1", router.RouterId);

        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
            return Task.CompletedTask;
        });
        await Eventually.HoldsAsync(async () =>
            (
                await server.QueryAsync(
                    "SELECT 1 FROM routers.router_commands WHERE router_id = $1 AND kind = 'drift' AND user_id IS NULL",
                    router.RouterId
                )
            ).ShouldNotBeEmpty()
        );
    }

    [Fact]
    public async Task A_drift_check_that_finds_the_router_busy_comes_again_soon()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        // Under a fence of its own, so that no turn which is under way gives it back.
        await server.ExecuteAsync(
            "UPDATE routers.router_turns SET fence = fence + 1, lease_until = clock_timestamp() + interval '1 hour' WHERE router_id = $1",
            router.RouterId
        );
        router.Simulated.RemoveRules(device.Mac);

        await server.ExecuteAsync("UPDATE blacklist.router_checks SET next_check_at = 'epoch' WHERE router_id = $1", router.RouterId);

        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    """
                    SELECT next_check_at > 'epoch' AND next_check_at < clock_timestamp() + interval '10 seconds'
                    FROM blacklist.router_checks WHERE router_id = $1
                    """,
                    router.RouterId
                )
            ).ShouldBeTrue()
        );
        await router.FreeAsync();
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_router_that_cannot_be_asked_is_left_as_it_is()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.Online = false;

        using var response = await router.SendAsync(HttpMethod.Post, "blocked/sync");

        await response.ShouldBeOfflineAsync(server);
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }
}
