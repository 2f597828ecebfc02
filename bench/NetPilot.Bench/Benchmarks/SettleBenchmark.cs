using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Testing;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.Bench.Benchmarks;

/// <summary>
/// The morning after an outage: many routers have one block each whose outcome is not known. In every other home the router holds it.
/// </summary>
internal static class SettleBenchmark
{
    private const int Connections = 8;
    private static readonly TimeSpan Bar = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(bool quick)
    {
        var routers = quick ? 1_000 : 10_000;
        await using var stack = await Stack.StartAsync();
        var rows = new List<string[]>();
        foreach (var replicas in (int[])[1, 2])
        {
            rows.Add(await SettleAsync(stack, routers, replicas));
        }

        Table.Print(
            $"settle: {routers} routers with one block each to settle",
            ["replicas", "time", "routers/s", "connections at most", "blocked", "failed", $"under {Bar.TotalSeconds} s with {Connections}"],
            rows
        );
    }

    private static async Task<string[]> SettleAsync(Stack stack, int routers, int replicas)
    {
        await using var database = await stack.NewDatabaseAsync($"settle_{replicas}");
        var prefix = $"settle{replicas}";
        await Seed.RoutersAsync(database, prefix, routers, perUser: 10);
        await SeedBlocksAsync(stack, database, prefix, routers);
        await database.AnalyzeAsync();

        using var end = new CancellationTokenSource();
        var connections = SampleConnectionsAsync(database, end.Token);
        var servers = await Task.WhenAll(
            Enumerable.Range(0, replicas).Select(_ => stack.StartReplicaAsync(database, Connections / replicas))
        );
        try
        {
            // The clock starts with the blocks falling due, when the servers are up.
            await database.ExecuteAsync("UPDATE blacklist.user_blacklists SET settle_at = now() - interval '1 second'");
            var started = Stopwatch.GetTimestamp();
            var spent = Spent(servers);
            while (await database.ScalarAsync<long>("SELECT count(*) FROM blacklist.user_blacklists WHERE settle_at IS NOT NULL") > 0)
            {
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(5))
                {
                    throw new TimeoutException("The blocks are not settled after five minutes.");
                }

                await Task.Delay(100);
            }

            var elapsed = Stopwatch.GetElapsedTime(started);
            Console.WriteLine($"processor time per router: NetPilot {(Spent(servers) - spent).TotalMilliseconds / routers:0.00} ms");
            await end.CancelAsync();
            var most = await connections;
            var blocked = await CountAsync(database, "blocked");
            var failed = await CountAsync(database, "failed");
            return
            [
                $"{replicas}",
                $"{elapsed.TotalSeconds:0.0} s",
                Table.Number(routers / elapsed.TotalSeconds),
                $"{most}",
                $"{blocked}",
                $"{failed}",
                Table.Verdict(elapsed < Bar && most <= Connections && blocked == routers / 2 && failed == routers - routers / 2),
            ];
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static TimeSpan Spent(NetPilotProcess[] servers) =>
        servers
            .Select(server =>
            {
                using var process = Process.GetProcessById(server.Id);
                return process.TotalProcessorTime;
            })
            .Aggregate(TimeSpan.Zero, (sum, one) => sum + one);

    private static Task<long> CountAsync(BenchDatabase database, string state) =>
        database.ScalarAsync<long>("SELECT count(*) FROM blacklist.user_blacklists WHERE state = $1", state);

    private static async Task SeedBlocksAsync(Stack stack, BenchDatabase database, string prefix, int routers)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        await using (
            var copy = await connection.BeginBinaryImportAsync(
                """
                COPY blacklist.user_blacklists
                    (id, user_id, router_id, device_ip, device_mac, state, created_at, fence, maybe_sent, settle_at, attempts)
                FROM STDIN (FORMAT binary)
                """
            )
        )
        {
            var now = DateTimeOffset.UtcNow;
            for (var n = 1; n <= routers; n++)
            {
                var home = stack.Commands.Router($"{prefix}-{n}");
                var device = home.Device(0);
                if (n % 2 == 0)
                {
                    home.AddRule(device.Mac);
                }

                await copy.StartRowAsync();
                await copy.WriteAsync(Guid.NewGuid(), NpgsqlDbType.Uuid);
                await copy.WriteAsync(Guid.Empty, NpgsqlDbType.Uuid);
                await copy.WriteAsync(home.RouterId, NpgsqlDbType.Text);
                await copy.WriteAsync(IPAddress.Parse(device.Ip), NpgsqlDbType.Inet);
                await copy.WriteAsync(PhysicalAddress.Parse(device.Mac), NpgsqlDbType.MacAddr);
                await copy.WriteAsync("applying", NpgsqlDbType.Text);
                await copy.WriteAsync(now.AddMinutes(-1), NpgsqlDbType.TimestampTz);
                await copy.WriteAsync(0L, NpgsqlDbType.Bigint);
                await copy.WriteAsync(true, NpgsqlDbType.Boolean);
                await copy.WriteAsync(now.AddHours(1), NpgsqlDbType.TimestampTz);
                await copy.WriteAsync(0, NpgsqlDbType.Integer);
            }

            await copy.CompleteAsync();
        }

        await database.ExecuteAsync(
            """
            UPDATE blacklist.user_blacklists AS rule SET user_id = router.user_id, created_by = router.user_id
            FROM routers.user_routers AS router WHERE router.router_id = rule.router_id
            """
        );
        await database.ExecuteAsync(
            "INSERT INTO blacklist.rule_counts (user_id, kind, live) SELECT user_id, 'block', count(*) FROM blacklist.user_blacklists GROUP BY user_id"
        );
        await database.ExecuteAsync(
            "INSERT INTO blacklist.router_checks (user_id, router_id, next_check_at) SELECT user_id, router_id, now() + interval '1 hour' FROM blacklist.user_blacklists"
        );
    }

    private static async Task<long> SampleConnectionsAsync(BenchDatabase database, CancellationToken end)
    {
        var most = 0L;
        while (!end.IsCancellationRequested)
        {
            var now = await database.ScalarAsync<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'netpilot'"
            );
            most = Math.Max(most, now);
            await Task.Delay(50, CancellationToken.None);
        }

        return most;
    }
}
