using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Host.Health;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

public sealed class HealthTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Live_touches_nothing_and_ready_names_what_it_looked_at()
    {
        using var client = server.NewClient();
        using var live = await client.GetAsync("/health/live", Ct);
        (await live.ShouldBeJsonAsync(200)).GetProperty("status").GetString().ShouldBe("healthy");

        // A look at what is slow for a moment says that it is away.
        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await client.GetAsync("/health/ready", Ct);
            var body = await ready.ShouldBeJsonAsync(200);
            body.GetProperty("status").GetString().ShouldBe("healthy");
            body.GetProperty("commandsServer").GetString().ShouldBe("healthy");
            body.GetProperty("tzdbVersion").GetString().ShouldNotBeNull().ShouldMatch("^20[0-9]{2}[a-z]$");
            body.GetProperty("clockSkewSeconds").GetDouble().ShouldBe(0, 4);
        });
    }

    [Fact]
    public async Task However_many_ask_one_look_a_second_answers()
    {
        var clock = new FakeTimeProvider();
        var readiness = new Readiness(server.Services.GetRequiredService<HealthCheckService>(), clock);

        var states = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => readiness.AskAsync(Ct)));
        states.Distinct(ReferenceEqualityComparer.Instance).ShouldHaveSingleItem();
        clock.Advance(Readiness.Lasts - TimeSpan.FromTicks(1));
        (await readiness.AskAsync(Ct)).ShouldBeSameAs(states[0]);
        clock.Advance(TimeSpan.FromTicks(1));
        (await readiness.AskAsync(Ct)).ShouldNotBeSameAs(states[0]);
    }
}
