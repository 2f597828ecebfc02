using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>A replica on a machine whose clock is two minutes ahead (libfaketime), beside one whose clock is right.</summary>
[OneDialect]
public sealed class SkewedClockTests(NetPilotServer server)
{
    private const int Ahead = 120;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string? Library =>
        new[] { "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu" }
            .Select(folder => Path.Combine(folder, "faketime", "libfaketime.so.1"))
            .FirstOrDefault(File.Exists);

    [Fact]
    public async Task It_tells_PostgreSQLs_time_and_says_that_its_machines_is_wrong()
    {
        Assert.SkipWhen(Library is null, "libfaketime is not installed here (Debian, Ubuntu: apt-get install libfaketime).");
        await using var replica = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["LD_PRELOAD"] = Library,
                ["FAKETIME"] = $"+{Ahead}s",
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["DONT_FAKE_MONOTONIC"] = "1",
            },
            Ct
        );
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        using var client = replica.NewClient(user.AccessToken);

        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await client.GetAsync("/health/ready", Ct);
            (await ready.ShouldBeJsonAsync(200)).GetProperty("clockSkewSeconds").GetDouble().ShouldBe(Ahead, 4);
        });
        await replica.WaitForOutputAsync("clock differs from PostgreSQL's", Ct);

        // What it writes bears PostgreSQL's time, to within that of the request.
        var before = await server.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        using var blocked = await client.PostAsJsonAsync(router.Path("block"), new { ip = router.Simulated.Device().Ip }, Ct);
        var createdAt = (await blocked.ShouldBeJsonAsync(201)).GetProperty("createdAt").GetDateTimeOffset().UtcDateTime;
        createdAt.ShouldBeInRange(before.AddSeconds(-4), (await server.ScalarAsync<DateTime>("SELECT clock_timestamp()")).AddSeconds(4));

        // The scan of the one whose clock is right comes later, and is the later one, as exactly as both know PostgreSQL's time.
        using var ahead = await client.PostAsync(router.Path("scan"), null, Ct);
        var first = (await ahead.ShouldBeJsonAsync(200)).GetProperty("scannedAt").GetDateTimeOffset();
        using var right = await user.Http.PostAsync(router.Path("scan"), null, Ct);
        (await right.ShouldBeJsonAsync(200)).GetProperty("scannedAt").GetDateTimeOffset().ShouldBeGreaterThan(first.AddSeconds(-4));
    }
}
