using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetPilot.People.Reconciliation;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

public sealed class DueGaugeTests(PeopleServer server)
{
    [Fact]
    public async Task Changes_that_are_late_are_a_metric()
    {
        var home = await server.HomeAsync(1);
        await home.AddPersonAsync("Mia", 0);
        // Somebody else has the router, and does not come to its change.
        await server.ExecuteAsync(
            """
            UPDATE people.routers
            SET next_change_at = now() - interval '1 minute', lease_id = gen_random_uuid(), leased_until = now() + interval '1 hour'
            WHERE router_id = $1
            """,
            home.Router.RouterId
        );
        using var client = server.NewClient(TestSettings.MetricsToken);
        server.Services.GetServices<IHostedService>().OfType<DueGauge>().Single().Nudge();

        await Eventually.HoldsAsync(async () =>
        {
            var metrics = await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            metrics.ShouldMatch("netpilot_people_routers\\{[^}]*state=\"late\"[^}]*\\} [1-9]");
            metrics.ShouldMatch("netpilot_people_routers\\{[^}]*state=\"due\"[^}]*\\} [0-9]");
        });
    }
}
