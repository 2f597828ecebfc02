using NetPilot.Bench.Comparison;

namespace NetPilot.Bench.Benchmarks;

/// <summary>
/// One, two and four servers on one database, the same number of connections in all. The machine has no more cores with more servers: what is
/// measured is what they cost each other. Routers are divided among the servers for commands, so that the requests stay in their order.
/// </summary>
internal static class ReplicasBenchmark
{
    private const int Connections = 16;
    private static readonly int[] Numbers = [1, 2, 4];

    public static async Task RunAsync(ComparisonStack stack, Report report, int rounds, TimeSpan length)
    {
        List<Server> others = [];
        try
        {
            while (others.Count < Numbers[^1] - 1)
            {
                others.Add(await stack.StartProductAsync());
            }

            Server[] servers = [stack.Product, .. others];
            await MeasureAsync(stack, report, servers, "GET devices, 50 rows", _ => Homes.Devices(stack.ProductTokens), rounds, length);
            await MeasureAsync(
                stack,
                report,
                servers,
                "block and unblock",
                part => Homes.Commands(stack.ProductTokens, part.Number, part.Of),
                rounds,
                length
            );
        }
        finally
        {
            foreach (var server in others)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static async Task MeasureAsync(
        ComparisonStack stack,
        Report report,
        Server[] servers,
        string name,
        Func<(int Number, int Of), Load> load,
        int rounds,
        TimeSpan length
    )
    {
        var totals = Numbers.ToDictionary(number => number, _ => new List<double>());
        var (sent, executed) = (0L, 0L);
        // Each of them compiles its code first, for a share of the processors.
        await stack.ForgetCommandsAsync();
        await Task.WhenAll(servers.Select((server, n) => Wrk.RunAsync(server, load((n, servers.Length)), 4, TimeSpan.FromSeconds(25))));
        for (var round = 0; round < rounds; round++)
        {
            foreach (var number in round % 2 == 0 ? Numbers : Numbers.Reverse())
            {
                await stack.ForgetCommandsAsync();
                await stack.SetCommandsServerAsync(delay: 0, log: true);
                var runs = await Task.WhenAll(
                    Enumerable.Range(0, number).Select(n => Wrk.RunAsync(servers[n], load((n, number)), Connections / number, length))
                );
                sent += runs.Sum(run => run.Requests);
                executed += (await stack.CommandsLogAsync()).Count;
                totals[number].Add(runs.Sum(run => run.PerSecond));
            }
        }

        await stack.SetCommandsServerAsync(delay: 0);
        foreach (var number in Numbers.Skip(1))
        {
            var ratios = totals[number].Zip(totals[1], (many, one) => many / one).Order().ToArray();
            report.Ratios($"{name}: {number} servers to one, requests/s in all", totals[number], ratios, 1);
        }

        if (executed > 0)
        {
            // What wrk cut off at the end of a round was executed, and is not among the answers.
            report.AtMost(
                $"{name}: commands sent to the routers beyond the requests that were answered, for each round",
                (executed - sent) / (double)(rounds * Numbers.Length),
                Connections
            );
        }
    }
}
