using NetPilot.DevStack.Postgres;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>The metric that tells of PostgreSQL, where nobody asks <c>/health/ready</c>.</summary>
[OneDialect]
public sealed class DatabaseGaugeTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_metrics_tell_that_PostgreSQL_is_away_or_takes_no_writes_though_nobody_asks()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        await using var process = await NetPilotProcess.StartAsync(
            new Dictionary<string, string?>(server.Settings)
            {
                ["ConnectionStrings:NetPilot"] = await postgres.CreateDatabaseAsync("netpilot", Ct),
            },
            Ct
        );
        using var scraper = process.NewClient(TestSettings.MetricsToken);
        await TellsAsync(1);

        await postgres.SetReadOnlyAsync(true);
        await TellsAsync(0);
        await postgres.SetReadOnlyAsync(false);
        await TellsAsync(1);

        await postgres.StopAsync(Ct);
        await TellsAsync(0);
        await postgres.ResumeAsync(Ct);
        await TellsAsync(1);

        Task TellsAsync(int value) =>
            Eventually.HoldsAsync(async () =>
            {
                var metrics = await scraper.GetStringAsync("/metrics", Ct);
                metrics.ShouldMatch($$"""(?m)^netpilot_database_available(\{[^}]*\})? {{value}}$""");
            });
    }
}
