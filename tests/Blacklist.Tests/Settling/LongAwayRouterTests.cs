using NetPilot.Blacklist.Lifecycle;
using NetPilot.DevStack.Simulator;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A router can come back after days without its rules, and nobody sends it a command.</summary>
public sealed class LongAwayRouterTests(BlacklistServer server)
{
    [Theory]
    [InlineData("last_seen_at = now() - interval '48 hours'")]
    [InlineData("last_seen_at = NULL, created_at = now() - interval '48 hours'")]
    public async Task Its_rules_are_put_back(string away)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        await router.HaveBlockedAsync([device], withRules: false);
        await server.ExecuteAsync($"UPDATE routers.user_routers SET {away} WHERE router_id = $1", router.RouterId);

        await router.DriftAsync();

        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe([device.Mac]);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task One_that_has_been_away_for_a_month_is_not_asked()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()], withRules: false);
        await server.ExecuteAsync(
            "UPDATE routers.user_routers SET last_seen_at = now() - interval '30 days' WHERE router_id = $1",
            router.RouterId
        );

        await router.DriftAsync();

        router.CallsOf(SimulatorOperation.Blocked).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_is_asked_every_six_hours_for_thirty_days_and_then_no_more(bool wasSeen)
    {
        var (begun, random) = (DateTimeOffset.UnixEpoch.AddMinutes(7), new Random(7));
        var router = new OwnedRouter(Guid.Empty, "router", "Home", wasSeen ? begun : null, 0, "UTC", wasSeen ? begun.AddYears(-1) : begun);
        var pacing = new RulePacing(
            TimeSpan.FromSeconds(35),
            new BlacklistOptions { DriftCheckInterval = TimeSpan.FromMinutes(15) },
            () => 0
        );
        var asked = new List<TimeSpan>();
        for (var now = begun; now < begun.AddDays(40); now += TimeSpan.FromMinutes(15 * (0.9 + (0.2 * random.NextDouble()))))
        {
            if (pacing.Checks(router, now))
            {
                asked.Add(now - begun);
            }
        }

        asked.Count(at => at < TimeSpan.FromDays(1)).ShouldBeInRange(87, 107);
        var rare = asked.Where(at => at >= TimeSpan.FromDays(1)).ToArray();
        rare.Zip(rare.Skip(1), (at, next) => next - at).Max().ShouldBeLessThan(TimeSpan.FromHours(6.5));
        rare.Length.ShouldBeInRange(29 * 4, 29 * 4 * 2);
        rare[^1].ShouldBeLessThan(TimeSpan.FromDays(30));
    }
}
