using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Testing;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.Bench.Benchmarks;

/// <summary>Nine in the evening: many homes have a bedtime that begins in the same minute.</summary>
internal static class SchedulesBenchmark
{
    private const int Connections = 8;
    private static readonly TimeSpan Bar = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(bool quick)
    {
        await RunAsync(quick, TimeSpan.Zero);
        await RunAsync(quick, TimeSpan.FromSeconds(1));
    }

    private static async Task RunAsync(bool quick, TimeSpan commandTime)
    {
        var routers = quick ? 1_000 : 10_000;
        await using var stack = await Stack.StartAsync(commandTime);
        await using var database = await stack.NewDatabaseAsync("schedules");
        await Seed.RoutersAsync(database, "bedtime", routers, perUser: 10);
        await SeedPeopleAsync(stack, database, routers);
        await database.AnalyzeAsync();

        using var end = new CancellationTokenSource();
        var connections = SampleConnectionsAsync(database, end.Token);
        await using var server = await stack.StartReplicaAsync(database, Connections);
        var began = await RunOnceAsync(database, server, routers, "count(*) FROM blacklist.user_blacklists WHERE state = 'blocked'");
        // The windows end: nothing is held any more.
        await database.ExecuteAsync("UPDATE people.schedules SET enabled = false");
        var ended = await RunOnceAsync(database, server, routers, "count(*) FROM blacklist.user_blacklists WHERE state = 'lifted'");
        await end.CancelAsync();
        var most = await connections;

        Table.Print(
            $"schedules: {routers} homes whose bedtime begins, and ends, in one minute; a command takes {commandTime.TotalSeconds} s",
            [
                "boundary",
                "due worked off",
                "rules changed",
                "routers/s",
                "processor time per router",
                "connections at most",
                $"under {Bar.TotalSeconds} s with {Connections}",
            ],
            [Row("begins", began), Row("ends", ended)]
        );

        string[] Row(string boundary, (TimeSpan Due, TimeSpan Rules, TimeSpan Spent) time) =>
            [
                boundary,
                $"{time.Due.TotalSeconds:0.0} s",
                $"{time.Rules.TotalSeconds:0.0} s",
                Table.Number(routers / time.Rules.TotalSeconds),
                $"{time.Spent.TotalMilliseconds / routers:0.00} ms",
                $"{most}",
                Table.Verdict(time.Rules < Bar && most <= Connections),
            ];
    }

    private static async Task<(TimeSpan Due, TimeSpan Rules, TimeSpan Spent)> RunOnceAsync(
        BenchDatabase database,
        NetPilotProcess server,
        int routers,
        string rules
    )
    {
        using var process = Process.GetProcessById(server.Id);
        var spent = process.TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        await database.ExecuteAsync("UPDATE people.routers SET next_change_at = now()");
        await UntilAsync(async () =>
            await database.ScalarAsync<long>("SELECT count(*) FROM people.routers WHERE next_change_at <= now()") == 0
        );
        var due = Stopwatch.GetElapsedTime(started);
        await UntilAsync(async () => await database.ScalarAsync<long>($"SELECT {rules}") == routers);
        process.Refresh();
        return (due, Stopwatch.GetElapsedTime(started), process.TotalProcessorTime - spent);

        async Task UntilAsync(Func<Task<bool>> isDone)
        {
            while (!await isDone())
            {
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(5))
                {
                    throw new TimeoutException("The schedules are not worked off after five minutes.");
                }

                await Task.Delay(100);
            }
        }
    }

    private static async Task SeedPeopleAsync(Stack stack, BenchDatabase database, int routers)
    {
        await using (var source = NpgsqlDataSource.Create(database.ConnectionString))
        await using (var connection = await source.OpenConnectionAsync())
        await using (
            var copy = await connection.BeginBinaryImportAsync(
                """
                COPY devices.user_devices (id, user_id, router_id, ip, mac, device_type, first_seen, last_seen, online)
                FROM STDIN (FORMAT binary)
                """
            )
        )
        {
            for (var n = 1; n <= routers; n++)
            {
                var home = stack.Commands.Router($"bedtime-{n}");
                var device = home.Device(0);
                await copy.StartRowAsync();
                await copy.WriteAsync(Guid.NewGuid(), NpgsqlDbType.Uuid);
                await copy.WriteAsync(Guid.Empty, NpgsqlDbType.Uuid);
                await copy.WriteAsync(home.RouterId, NpgsqlDbType.Text);
                await copy.WriteAsync(IPAddress.Parse(device.Ip), NpgsqlDbType.Inet);
                await copy.WriteAsync(PhysicalAddress.Parse(device.Mac), NpgsqlDbType.MacAddr);
                await copy.WriteAsync("other", NpgsqlDbType.Text);
                await copy.WriteAsync(DateTimeOffset.UtcNow, NpgsqlDbType.TimestampTz);
                await copy.WriteAsync(DateTimeOffset.UtcNow, NpgsqlDbType.TimestampTz);
                await copy.WriteAsync(true, NpgsqlDbType.Boolean);
            }

            await copy.CompleteAsync();
        }

        string[] statements =
        [
            "UPDATE devices.user_devices AS device SET user_id = router.user_id FROM routers.user_routers AS router WHERE router.router_id = device.router_id",
            """
                INSERT INTO people.routers (user_id, router_id, revision, next_change_at, has_orphans)
                SELECT user_id, router_id, 1, now() + interval '1 hour', false FROM routers.user_routers
                """,
            """
                INSERT INTO people.people (id, user_id, router_id, name, name_key, created_at)
                SELECT id, user_id, router_id, 'Mia', 'MIA', now() FROM routers.user_routers
                """,
            """
                INSERT INTO people.person_devices (user_id, router_id, device_id, person_id)
                SELECT device.user_id, device.router_id, device.id, router.id
                FROM devices.user_devices AS device JOIN routers.user_routers AS router ON router.router_id = device.router_id
                """,
            """
                INSERT INTO people.schedules (id, user_id, router_id, name, person_id, enabled, windows, exceptions, created_at)
                SELECT gen_random_uuid(), user_id, router_id, 'Bedtime', id, true,
                       '[{"days":["mon","tue","wed","thu","fri","sat","sun"],"from":"00:00","to":"23:59"}]', '[]', now()
                FROM routers.user_routers
                """,
        ];
        foreach (var statement in statements)
        {
            await database.ExecuteAsync(statement);
        }
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
