using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetPilot.Identity.Sessions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

public sealed class SessionGaugeTests(IdentityServer server)
{
    [Fact]
    public async Task Sessions_are_a_metric_by_state()
    {
        await server.NewUser();
        using var client = server.NewClient(TestSettings.MetricsToken);
        server.Services.GetServices<IHostedService>().OfType<SessionGauge>().Single().Nudge();

        await Eventually.HoldsAsync(async () =>
        {
            var metrics = await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            metrics.ShouldMatch("netpilot_sessions\\{[^}]*scope=\"database\",state=\"(ready|none)\"[^}]*\\} [1-9]");
            metrics.ShouldNotContain("state=\"ended\"");
        });
    }
}
