using NetPilot.Bench.Benchmarks;
using NetPilot.Bench.Comparison;

namespace NetPilot.Bench;

/// <summary>The benchmarks by name. Each starts what it needs, prints a table with its ratios, and leaves nothing behind.</summary>
internal static class Entry
{
    private static readonly Dictionary<string, Func<bool, Task>> Benchmarks = new(StringComparer.Ordinal)
    {
        ["settle"] = SettleBenchmark.RunAsync,
        ["growth"] = GrowthBenchmark.RunAsync,
        ["login"] = LoginBenchmark.RunAsync,
        ["hung"] = HungBenchmark.RunAsync,
        ["schedules"] = SchedulesBenchmark.RunAsync,
    };

    private static async Task<int> Main(string[] args)
    {
        // By dev/bench, which publishes the servers.
        if (args is ["handwritten", var published, var commit, var file, .. var rest])
        {
            var report = await HandWrittenBenchmark.RunAsync(
                published,
                commit,
                rest.Contains("--quick"),
                [.. rest.Where(argument => argument != "--quick")]
            );
            await DocumentedTable.WriteAsync(file, report);
            return 0;
        }

        var quick = args.Contains("--quick");
        var names = args.Where(argument => argument != "--quick").ToArray();
        var chosen = names is ["all"] ? [.. Benchmarks.Keys] : names;
        if (chosen.Length == 0 || chosen.Any(name => !Benchmarks.ContainsKey(name)))
        {
            await Console.Error.WriteLineAsync($"Name a benchmark: {string.Join(", ", Benchmarks.Keys)} or all; --quick makes it short.");
            return 2;
        }

        foreach (var name in chosen)
        {
            await Benchmarks[name](quick);
        }

        return 0;
    }
}
