using System.Net;
using System.Security.Cryptography;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Bench.Benchmarks;

/// <summary>What one router's requests cost beside many others' rows: two databases, two servers, the same requests in turn.</summary>
internal static class GrowthBenchmark
{
    private const double Bar = 1.3;
    private const int PerRouter = 20;
    private const int FreeBlocks = 25;
    private const int ProBlocks = 10_000;

    public static async Task RunAsync(bool quick)
    {
        var many = quick ? 100_000 : 1_000_000;
        const int few = 1_000;
        var pairs = quick ? 60 : 150;
        await using var stack = await Stack.StartAsync();
        await using var small = await Side.StartAsync(stack, "few", few);
        await using var large = await Side.StartAsync(stack, "many", many);

        var rows = new List<string[]>
        {
            await CompareAsync("page of 50 devices", pairs, small.PageAsync, large.PageAsync),
            await CompareAsync("search among them", pairs, small.SearchAsync, large.SearchAsync),
            await CompareAsync("scan of 250 devices", pairs / 2, small.ScanAsync, large.ScanAsync),
            await CompareAsync($"limit refuses at {FreeBlocks} / {ProBlocks} blocks", pairs, small.RefuseFewAsync, small.RefuseManyAsync),
        };
        Table.Print(
            $"growth: {few} devices / {many} devices, {PerRouter} a router",
            ["request", "few", "many", "ratio", $"at most {Bar}"],
            rows
        );
    }

    private static async Task<string[]> CompareAsync(string what, int pairs, Func<Task<TimeSpan>> few, Func<Task<TimeSpan>> many)
    {
        var (first, second) = await Measure.PairsAsync(pairs, few, many);
        return
        [
            what,
            Table.Ms(first.Median),
            Table.Ms(second.Median),
            Table.Ratio(second.Median, first.Median),
            Table.Verdict(second.Median / first.Median <= Bar),
        ];
    }

    /// <summary>One database with its server, and in it the same user with the same routers.</summary>
    private sealed class Side(
        BenchDatabase database,
        Testing.NetPilotProcess server,
        User user,
        User atFreeLimit,
        User atProLimit,
        string name
    ) : IAsyncDisposable
    {
        public static async Task<Side> StartAsync(Stack stack, string name, int devices)
        {
            var database = await stack.NewDatabaseAsync(name);
            await Seed.RoutersAsync(database, $"{name}fill", devices / PerRouter, perUser: 10);
            await Seed.DevicesAsync(database, $"{name}fill", PerRouter);
            var server = await stack.StartReplicaAsync(database);
            var user = await User.NewAsync(server, database);
            var free = await User.NewAsync(server, database, "free");
            var pro = await User.NewAsync(server, database);
            await Seed.RouterAsync(database, user.Id, $"{name}page-1", devices: 200);
            await Seed.RouterAsync(database, user.Id, $"{name}scan-1", devices: 0);
            await Seed.RouterAsync(database, free.Id, $"{name}free-1", devices: 0);
            await Seed.RouterAsync(database, pro.Id, $"{name}pro-1", devices: 0);
            await Seed.BlocksAsync(database, free.Id, FreeBlocks);
            await Seed.BlocksAsync(database, pro.Id, ProBlocks);
            stack
                .Commands.Router($"{name}scan-1")
                .SetDevices(
                    Enumerable
                        .Range(2, 250)
                        .Select(n => new SimulatedDevice($"10.1.{n / 200}.{2 + n % 200}", $"02:00:00:00:00:{n:x2}", $"host-{n}", "Maker"))
                        .Take(250)
                );
            await database.AnalyzeAsync();
            return new Side(database, server, user, free, pro, name);
        }

        public Task<TimeSpan> PageAsync() => Measure.GetAsync(user.Http, $"/api/v1/routers/{name}page-1/devices?limit=50");

        public Task<TimeSpan> SearchAsync() =>
            Measure.GetAsync(user.Http, $"/api/v1/routers/{name}page-1/devices?search=host-{RandomNumberGenerator.GetInt32(10, 20)}");

        public Task<TimeSpan> ScanAsync() =>
            Measure.SendAsync(user.Http, HttpMethod.Post, $"/api/v1/routers/{name}scan-1/scan", null, HttpStatusCode.OK);

        public Task<TimeSpan> RefuseFewAsync() => RefuseAsync(atFreeLimit, $"{name}free-1");

        public Task<TimeSpan> RefuseManyAsync() => RefuseAsync(atProLimit, $"{name}pro-1");

        public async ValueTask DisposeAsync()
        {
            user.Dispose();
            atFreeLimit.Dispose();
            atProLimit.Dispose();
            await server.DisposeAsync();
            await database.DisposeAsync();
        }

        // Refused at the limit, so that nothing but the check differs.
        private static Task<TimeSpan> RefuseAsync(User who, string routerId) =>
            Measure.SendAsync(
                who.Http,
                HttpMethod.Post,
                $"/api/v1/routers/{routerId}/block",
                new { ip = "192.168.1.77" },
                HttpStatusCode.Forbidden
            );
    }
}
