using NetPilot.Bench.Floor;

namespace NetPilot.Bench.Benchmarks;

/// <summary>NetPilot beside a bare Kestrel with Npgsql that makes as many round trips to PostgreSQL and as many calls downstream.</summary>
internal static class FloorBenchmark
{
    private const int Callers = 16;

    public static async Task RunAsync(bool quick)
    {
        var duration = TimeSpan.FromSeconds(quick ? 2 : 5);
        var rounds = quick ? 2 : 3;
        await using var stack = await Stack.StartAsync();
        await using var database = await stack.NewDatabaseAsync("floor");
        await using var server = await stack.StartReplicaAsync(database);
        using var user = await User.NewAsync(server, database);
        var routers = Enumerable.Range(1, Callers).Select(n => $"floor{n}-1").ToArray();
        foreach (var routerId in routers)
        {
            await Seed.RouterAsync(database, user.Id, routerId, 0);
        }

        await BareServer.PrepareAsync(database);
        await using var bare = await BareProcess.StartAsync(database, stack.Commands.BaseUrl, user);

        Func<HttpClient, Times, int, Task> list = async (http, times, _) => times.Add(await Measure.GetAsync(http, "/api/v1/routers"));
        Func<HttpClient, Times, int, Task> block = async (http, times, caller) =>
        {
            var ip = stack.Commands.Router(routers[caller]).Device(0).Ip;
            times.Add(await Measure.BlockAsync(http, routers[caller], ip));
            await Measure.UnblockAsync(http, routers[caller], ip);
        };
        await PrintAsync("GET /routers", list);
        await PrintAsync("POST block (each followed by an unblock)", block);

        async Task PrintAsync(string what, Func<HttpClient, Times, int, Task> call)
        {
            var ours = new Side(user.Http);
            var floor = new Side(bare.Http);
            foreach (var side in (Side[])[floor, ours])
            {
                await Measure.LoadAsync(Callers, TimeSpan.FromSeconds(1), caller => call(side.Http, new Times(), caller));
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var side in round % 2 == 0 ? (Side[])[floor, ours] : [ours, floor])
                {
                    side.Spent += await Measure.LoadAsync(Callers, duration, caller => call(side.Http, side.Times, caller));
                }
            }

            Table.Print(
                $"floor: {what}, {Callers} callers, {rounds} rounds of {duration.TotalSeconds} s in turn",
                ["", "bare", "NetPilot", "ratio"],
                [
                    [
                        "per second",
                        Table.Number(floor.PerSecond),
                        Table.Number(ours.PerSecond),
                        Table.Ratio(ours.PerSecond, floor.PerSecond),
                    ],
                    ["p50", Table.Ms(floor.Times.Median), Table.Ms(ours.Times.Median), Table.Ratio(ours.Times.Median, floor.Times.Median)],
                    ["p95", Table.Ms(floor.Times.P95), Table.Ms(ours.Times.P95), Table.Ratio(ours.Times.P95, floor.Times.P95)],
                ]
            );
        }
    }

    private sealed class Side(HttpClient http)
    {
        public HttpClient Http { get; } = http;

        public Times Times { get; } = new();

        public TimeSpan Spent { get; set; }

        public double PerSecond => Times.Count / Spent.TotalSeconds;
    }
}
