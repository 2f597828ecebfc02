using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetPilot.Blacklist.Settling;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

public sealed class BlockGaugeTests(BlacklistServer server)
{
    [Fact]
    public async Task Live_blocks_are_a_metric_by_state()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        using var blocked = await router.BlockAsync(router.Simulated.Device().Ip);
        await blocked.ShouldBeJsonAsync(201);
        using var client = server.NewClient(TestSettings.MetricsToken);
        server.Services.GetServices<IHostedService>().OfType<BlockGauge>().Single().Nudge();

        await Eventually.HoldsAsync(async () =>
        {
            var metrics = await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            metrics.ShouldMatch("netpilot_blocks\\{[^}]*state=\"blocked\"[^}]*\\} [1-9]");
            metrics.ShouldMatch("netpilot_blocks\\{[^}]*state=\"lifting\"[^}]*\\} [0-9]");
        });
    }
}
