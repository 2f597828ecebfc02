using NetPilot.Blacklist.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>The activity is the user's: what the server looks for again and again is told when it changes something, or ends in another way.</summary>
public sealed class QuietLooksTests(BlacklistServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Looks_for_a_device_that_never_comes_back_are_told_once(bool isLift)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var window = Window(NewId(), id);
        if (isLift)
        {
            await router.HoldAsync(window);
            await router.SettledAsync();
        }

        router.Simulated.ChangeDevice(device.Mac, present: false);
        await router.HoldAsync(isLift ? WantedHolds.None(window.Source) : window);
        await LookAsync(router);
        await LookAsync(router);
        var told = await ToldAsync(router);

        for (var look = 0; look < 3; look++)
        {
            await LookAsync(router);
            await router.DriftAsync();
        }

        (await ToldAsync(router)).ShouldBe(told);
        (await router.StatesAsync(device.Ip)).ShouldBe([isLift ? "lifting" : "applying"]);

        // The router is away, and is back: either is told once.
        router.Simulated.Online = false;
        await LookAsync(router);
        await LookAsync(router);
        router.Simulated.Online = true;
        await LookAsync(router);
        await LookAsync(router);
        (await ToldAsync(router)).ShouldBe([.. told, "settle failed", "settle succeeded"]);

        router.Simulated.ChangeDevice(device.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () =>
            (await ToldAsync(router)).TakeLast(2).ShouldContain(isLift ? "unblock succeeded" : "block succeeded")
        );
    }

    [Fact]
    public async Task A_look_counts_for_the_routers_presence_all_the_same()
    {
        var router = await server.NewRouterAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()]);
        await server.ExecuteAsync(
            "UPDATE routers.user_routers SET last_seen_at = now() - interval '1 hour' WHERE router_id = $1",
            router.RouterId
        );

        await router.DriftAsync();

        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    "SELECT last_seen_at > now() - interval '10 minutes' FROM routers.user_routers WHERE router_id = $1",
                    router.RouterId
                )
            ).ShouldBeTrue()
        );
        (await ToldAsync(router)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_check_that_found_rules_missing_is_told_although_it_put_none_back()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()], withRules: false);
        using var fault = server.Commands.AddFault(
            new Fault(FaultKind.ResetBefore) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );

        await router.DriftAsync();

        await Eventually.HoldsAsync(async () => (await ToldAsync(router)).ShouldContain("drift succeeded"));
    }

    private async Task<string[]> ToldAsync(TestRouter router) =>
        [
            .. (
                await server.QueryAsync(
                    """
                    SELECT kind || ' ' || CASE outcome WHEN 'succeeded' THEN outcome ELSE 'failed' END
                    FROM routers.router_commands WHERE router_id = $1 AND user_id IS NULL ORDER BY started_at, id
                    """,
                    router.RouterId
                )
            ).Select(row => row.Value<string>(0)),
        ];

    /// <summary>The server looks once more, and its turn has ended.</summary>
    private async Task LookAsync(TestRouter router)
    {
        await router.LooksAgainAsync((await router.RowAsync()).Value<Guid>("id"));
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>("SELECT lease_until IS NULL FROM routers.router_turns WHERE router_id = $1", router.RouterId)
            ).ShouldBeTrue()
        );
    }
}
