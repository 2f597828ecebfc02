using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class SpeedTestTests(RoutersServer server)
{
    [Fact]
    public async Task The_line_is_measured_for_whoever_pays_for_it()
    {
        var router = await server.RouterAsync("pro");
        using var measured = await router.PostAsync("speedtest");
        if (server.Dialect == CommandsDialect.Deployed)
        {
            await measured.ShouldBeProblemAsync(501, "not_supported");
            router.CallsOf(SimulatorOperation.Speedtest).ShouldBeEmpty();
            return;
        }

        var report = await measured.ShouldBeJsonAsync(200);
        report.GetProperty("downloadMbps").GetDouble().ShouldBeGreaterThan(0);
        report.GetProperty("uploadMbps").GetDouble().ShouldBeGreaterThan(0);
        report.GetProperty("pingMs").GetDouble().ShouldBeGreaterThan(0);
        report.GetProperty("measuredAt").GetString().ShouldEndWith("Z");
        router.CallsOf(SimulatorOperation.Speedtest).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_free_tier_has_none_and_nothing_goes_downstream()
    {
        var router = await server.RouterAsync("free");
        using var refused = await router.PostAsync("speedtest");
        await refused.ShouldBeProblemAsync(403, "tier_required");
        router.Calls.ShouldBeEmpty();
    }
}
