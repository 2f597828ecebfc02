using System.Diagnostics;
using System.Net;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Bench.Benchmarks;

/// <summary>One router that never answers has 120 callers: what the others notice of it. Then the Commands-Server itself is away.</summary>
internal static class HungBenchmark
{
    private const int Callers = 120;
    private const int Others = 4;
    private const double BreakerBar = 50;

    public static async Task RunAsync(bool quick)
    {
        await using var stack = await Stack.StartAsync();
        await using var database = await stack.NewDatabaseAsync("hung");
        await using var server = await stack.StartReplicaAsync(database);
        using var user = await User.NewAsync(server, database);
        await Seed.RouterAsync(database, user.Id, "hung-1", 0);
        var others = Enumerable.Range(1, Others).Select(n => $"other{n}-1").ToArray();
        foreach (var routerId in others)
        {
            await Seed.RouterAsync(database, user.Id, routerId, 0);
        }

        var duration = TimeSpan.FromSeconds(quick ? 4 : 10);
        await LoadAsync(stack, user, others, TimeSpan.FromSeconds(2));
        var alone = await LoadAsync(stack, user, others, duration);

        using var hang = stack.Commands.AddFault(new Fault(FaultKind.Hang) { RouterId = "hung-1", Times = null });
        using var giveUp = new CancellationTokenSource();
        var hung = Enumerable.Range(0, Callers).Select(n => CallHungAsync(user, n, giveUp.Token)).ToArray();
        await hang.WaitForHitAsync(1);
        var beside = await LoadAsync(stack, user, others, duration);
        var waiting = hung.Count(call => !call.IsCompleted);
        await giveUp.CancelAsync();
        await Task.WhenAll(hung);
        Table.Print(
            $"hung: blocks on {Others} other routers while {Callers} callers want the hung one ({waiting} of them wait still at the end)",
            ["POST block", "alone", "beside the hung router", "ratio"],
            [
                ["p50", Table.Ms(alone.Median), Table.Ms(beside.Median), Table.Ratio(beside.Median, alone.Median)],
                ["p95", Table.Ms(alone.P95), Table.Ms(beside.P95), Table.Ratio(beside.P95, alone.P95)],
            ]
        );

        await stack.Commands.StopAsync();
        var open = await OpenCircuitAsync(user, others);
        Table.Print(
            "hung: the Commands-Server is away and the circuit is open (503 commands_server_unavailable)",
            ["answers", "p50", "p95", "slowest", $"p95 under {BreakerBar} ms"],
            [
                [$"{open.Count}", Table.Ms(open.Median), Table.Ms(open.P95), Table.Ms(open.Max), Table.Verdict(open.P95 < BreakerBar)],
            ]
        );
    }

    private static async Task<Times> LoadAsync(Stack stack, User user, string[] routers, TimeSpan duration)
    {
        var blocks = new Times();
        await Measure.LoadAsync(
            routers.Length,
            duration,
            async caller =>
            {
                var ip = stack.Commands.Router(routers[caller]).Device(0).Ip;
                blocks.Add(await Measure.BlockAsync(user.Http, routers[caller], ip));
                await Measure.UnblockAsync(user.Http, routers[caller], ip);
            }
        );
        return blocks;
    }

    // Every other one wants its turn; the rest ask without one, up to the router's share of connections.
    private static async Task CallHungAsync(User user, int number, CancellationToken giveUp)
    {
        try
        {
            using var request = new HttpRequestMessage(
                number % 2 == 0 ? HttpMethod.Post : HttpMethod.Get,
                new Uri($"/api/v1/routers/hung-1/{(number % 2 == 0 ? "block" : "wifi")}", UriKind.Relative)
            );
            request.Content = number % 2 == 0 ? System.Net.Http.Json.JsonContent.Create(new { ip = $"192.168.0.{10 + number}" }) : null;
            using var response = await user.Http.SendAsync(request, giveUp);
        }
        catch (OperationCanceledException)
        {
            // It has waited as long as the benchmark took.
        }
    }

    // Refused connections open it; only answers that came while it was open count, and it closes for a try every 5 s.
    private static async Task<Times> OpenCircuitAsync(User user, string[] routers)
    {
        for (var n = 0; n < 8; n++)
        {
            await ReadAsync();
        }

        var times = new Times();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(3))
        {
            times.Add(await ReadAsync());
        }

        return times;

        Task<TimeSpan> ReadAsync() =>
            Measure.SendAsync(user.Http, HttpMethod.Get, $"/api/v1/routers/{routers[0]}/wifi", null, HttpStatusCode.ServiceUnavailable);
    }
}
