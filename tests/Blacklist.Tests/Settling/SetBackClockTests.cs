using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Settling;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>What was put off while PostgreSQL's clock ran ahead, after it was set back.</summary>
public sealed class SetBackClockTests(BlacklistServer server)
{
    [Fact]
    public async Task A_block_that_is_due_at_a_time_that_the_server_never_writes_is_looked_at()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        router.Simulated.Online = false;
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        router.Simulated.Online = true;

        (
            await server.ExecuteAsync(
                "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '3 days' WHERE router_id = $1",
                router.RouterId
            )
        ).ShouldBe(1);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
    }

    [Fact]
    public async Task A_check_that_is_due_at_a_time_that_the_server_never_writes_is_made()
    {
        var router = await server.NewRouterAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()], withRules: false);
        await router.ScanAsync();

        (
            await server.ExecuteAsync(
                "UPDATE blacklist.router_checks SET next_check_at = now() + interval '9 days' WHERE router_id = $1",
                router.RouterId
            )
        ).ShouldBe(1);

        await Eventually.HoldsAsync(async () =>
        {
            server.Services.GetRequiredService<DriftWorker>().Nudge();
            router.Simulated.RuleCounts.Values.ShouldBe([1]);
            (
                await server.ScalarAsync<bool>(
                    "SELECT next_check_at < now() + interval '2 days' FROM blacklist.router_checks WHERE router_id = $1",
                    router.RouterId
                )
            ).ShouldBeTrue();
        });
    }
}
