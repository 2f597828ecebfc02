using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.DevStack.Simulator;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>Somebody may have asked for a check whose look fails.</summary>
public sealed class FailedCheckTests(BlacklistServer server)
{
    [Fact]
    public async Task It_is_made_again_soon()
    {
        var interval = server.Services.GetRequiredService<IOptions<BlacklistOptions>>().Value.DriftCheckInterval.TotalSeconds;
        var router = await server.NewRouterAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()]);
        await router.ScanAsync();
        using var fails = server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Blocked,
                Status = 503,
                Code = "ROUTER_UNREACHABLE",
                Times = null,
            }
        );

        await router.DriftAsync();

        await Eventually.HoldsAsync(async () =>
        {
            var next = await server.ScalarAsync<double>(
                "SELECT extract(epoch FROM next_check_at - clock_timestamp())::float8 FROM blacklist.router_checks WHERE router_id = $1",
                router.RouterId
            );
            // The claim of a check runs out within a minute.
            next.ShouldBeInRange(61, interval * 0.12);
        });
    }

    [Theory]
    [InlineData(true, 1, 15)]
    [InlineData(false, 1, 1.5)]
    [InlineData(false, 20, 15)]
    [InlineData(false, null, 15)]
    public void A_router_that_has_been_away_for_long_is_not_asked_more_often(bool wasMade, int? seenBefore, double next)
    {
        var now = DateTimeOffset.UnixEpoch;
        var seen = seenBefore is { } minutes ? now.AddMinutes(-minutes) : (DateTimeOffset?)null;
        var router = new OwnedRouter(Guid.Empty, "router", "Home", seen, 0, "UTC", now.AddYears(-1));
        var pacing = new RulePacing(
            TimeSpan.FromSeconds(35),
            new BlacklistOptions { DriftCheckInterval = TimeSpan.FromMinutes(15) },
            () => 0
        );

        pacing.NextCheck(router, wasMade, now).ShouldBe(TimeSpan.FromMinutes(next));
    }
}
