using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Settling;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A router that lost many rules is mended in several turns, between which its other commands have theirs.</summary>
public sealed class LongSyncTests(BlacklistServer server)
{
    [Fact]
    public async Task Other_commands_have_their_turn_during_a_long_repair_and_it_ends_complete()
    {
        var router = await server.NewRouterAsync("pro");
        var devices = Enumerable
            .Range(0, 121)
            .Select(n => new SimulatedDevice($"10.0.{n / 100}.{n % 100 + 101}", $"3c:52:82:00:06:{n:x2}"))
            .ToArray();
        router.Simulated.SetDevices(devices);
        await router.ScanAsync();
        await router.HaveBlockedAsync(devices[..^1], withRules: false);
        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Delay)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Delay = TimeSpan.FromMilliseconds(40),
                Times = null,
            }
        );

        var syncing = router.SendAsync(HttpMethod.Post, "blocked/sync");
        await slow.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var other = await router.BlockAsync(devices[^1].Ip);
        var restoredBefore = router.Simulated.RuleCounts.Count - 1;
        using var synced = await syncing;

        await other.ShouldBeJsonAsync(201);
        restoredBefore.ShouldBeInRange(1, devices.Length - 2);
        var report = await synced.ShouldBeJsonAsync(200);
        var remaining = report.GetProperty("remaining").GetInt32();
        (report.GetProperty("reapplied").GetArrayLength() + remaining).ShouldBeGreaterThanOrEqualTo(devices.Length - 1);
        await Eventually.HoldsAsync(() =>
        {
            // It looks every few seconds by itself, and each time mends what it can within two.
            server.Services.GetRequiredService<DriftWorker>().Nudge();
            router.Simulated.RuleCounts.Count.ShouldBe(devices.Length);
            return Task.CompletedTask;
        });
        (await router.SyncAsync()).GetProperty("remaining").GetInt32().ShouldBe(0);
        router.Simulated.RuleTallies.Values.ShouldAllBe(tally => tally == new RuleTally(1, 1, 1, 0));
        (await router.BlockedAsync("?limit=1")).Single().GetProperty("state").GetString().ShouldBe("blocked");
    }

    /// <summary>A scan takes half a second for each device, and a router restarts its firewall for each block.</summary>
    [Fact]
    public async Task A_repair_of_the_servers_own_scans_once_however_many_turns_it_takes()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var devices = Enumerable.Range(0, 3).Select(router.Simulated.Device).ToArray();
        await router.HaveBlockedAsync(devices, withRules: false);
        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Delay)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Delay = ReconciliationOrder.LongestTurn,
                Times = null,
            }
        );
        var scans = router.CallsOf(SimulatorOperation.Scan).Count;

        await router.DriftAsync();

        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe(devices.Select(device => device.Mac), ignoreOrder: true);
            return Task.CompletedTask;
        });
        router.CallsOf(SimulatorOperation.Scan).Count.ShouldBe(scans + 1);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(devices.Length);
    }

    /// <summary>Each refusal restarts the router's firewall, and takes longer than a part of the repair.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_router_refuses_is_tried_once_and_the_rest_is_reached(bool byUser)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        SimulatedDevice[] devices = [router.Simulated.Device(), router.Simulated.Device(1)];
        await router.HaveBlockedAsync(devices);
        await server.ExecuteAsync(
            """
            UPDATE blacklist.user_blacklists
            SET state = 'lifting', settle_at = now() + interval '1 hour', code = 'command_failed', attempts = 9, held_manually = false, held_until = now()
            WHERE router_id = $1
            """,
            router.RouterId
        );
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };
        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Delay)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Delay = ReconciliationOrder.LongestTurn,
                Times = null,
            }
        );

        if (byUser)
        {
            (await router.SyncAsync()).GetProperty("remaining").GetInt32().ShouldBe(0);
        }
        else
        {
            await router.LookNowAsync();
            await Eventually.HoldsAsync(async () =>
                (
                    await server.ScalarAsync<long>(
                        "SELECT count(*) FROM blacklist.user_blacklists WHERE router_id = $1 AND attempts = 10",
                        router.RouterId
                    )
                ).ShouldBe(devices.Length)
            );
        }

        router.CallsOf(SimulatorOperation.Unblock).Select(call => call.Ip).ShouldBe(devices.Select(device => device.Ip), ignoreOrder: true);
    }
}
