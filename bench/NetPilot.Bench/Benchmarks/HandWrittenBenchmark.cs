using System.Globalization;
using System.Runtime.InteropServices;
using NetPilot.Bench.Comparison;

namespace NetPilot.Bench.Benchmarks;

/// <summary>
/// NetPilot beside a hand-written server that does the same with the same tables: alternating rounds of the same requests by wrk, after a
/// warm-up of both, with a ratio for each pair of rounds. <c>dev/bench</c> publishes both servers and runs it.
/// </summary>
internal static class HandWrittenBenchmark
{
    private const int Connections = 16;

    /// <param name="published">The folder with the published servers: <c>server</c> and <c>handwritten</c>.</param>
    /// <param name="commit">What was published.</param>
    /// <param name="only">Names of groups to measure; none: all.</param>
    public static async Task<string> RunAsync(string published, string commit, bool quick, IReadOnlyList<string> only)
    {
        await using var stack = await ComparisonStack.StartAsync(published);
        var report = new Report(await MachineAsync(commit, quick));
        bool Wants(string group) => only.Count == 0 || only.Contains(group);

        await stack.PrepareAsync(quick ? 1 : 3, Wants("start") ? report : null, quick);
        if (Wants("curve"))
        {
            await CurveAsync(stack, report, quick);
        }

        await stack.StartServersAsync();
        if (only.Contains("hold"))
        {
            await stack.HoldAsync();
            return report.ToString();
        }

        report.Absolute("RSS after start", stack.ResidentAfterStart.Product, stack.ResidentAfterStart.HandWritten, "MB", 130);

        var rounds = quick ? 2 : 4;
        var length = TimeSpan.FromSeconds(quick ? 2 : 4);
        var warmUp = TimeSpan.FromSeconds(2);
        if (Wants("reads"))
        {
            await stack.WarmUpAsync(TimeSpan.FromSeconds(quick ? 10 : 45), Connections);
            foreach (
                var (name, load) in (List<(string, Func<Tokens, Load>)>)
                    [
                        ("GET blocked, 50 rows", Homes.Blocked),
                        ("GET devices, 50 rows", Homes.Devices),
                        ("GET routers", Homes.Routers),
                        ("GET me", Homes.Me),
                    ]
            )
            {
                var pair = await stack.MeasureAsync(load, Connections, rounds, length, warmUp);
                report.Throughput(name, pair, 0.55, cpu: 2, p99: 2);
            }
        }

        if (Wants("blocks"))
        {
            foreach (var ofOneUser in (bool[])[false, true])
            {
                var throughputs = new List<double>();
                foreach (var connections in ofOneUser ? (int[])[16, 64] : [1, 16, 64])
                {
                    var pair = await stack.MeasureAsync(
                        tokens => Homes.Commands(tokens, ofOneUser),
                        connections,
                        rounds,
                        length,
                        quick ? TimeSpan.FromSeconds(1) : length,
                        stack.ForgetCommandsAsync
                    );
                    var what = ofOneUser ? "block and unblock, 1 user with 64 routers" : "block and unblock, 32 users";
                    report.Throughput($"{what}, c={connections}", pair, 0.5, p50: connections == 1 ? 2.5 : null);
                    throughputs.Add(pair.Product.Median(run => run.PerSecond));
                }

                report.AtLeast(
                    $"{(ofOneUser ? "1 user with 64 routers" : "32 users")}: throughput at 64 connections to that at 16",
                    throughputs[^1] / throughputs[^2],
                    1
                );
            }
        }

        if (Wants("gap"))
        {
            await GapAsync(stack, report, quick ? 40 : 150);
        }

        if (Wants("sessions"))
        {
            report.Throughput(
                "login, c=4",
                await stack.MeasureAsync(_ => Homes.Logins(), 4, rounds, length, quick ? TimeSpan.FromSeconds(1) : length),
                0.9
            );
            report.Throughput("refresh", await stack.MeasureWithNewTokensAsync(Homes.Refreshes, Connections, rounds, length, warmUp), 0.6);
        }

        if (Wants("scans"))
        {
            report.Throughput("scan of 50 devices", await stack.MeasureAsync(Homes.Scans, Connections, rounds, length, warmUp), 0.5);
        }

        if (Wants("downstream"))
        {
            await stack.SetCommandsServerAsync(delay: 50);
            report.Throughput(
                "block and unblock with 50 ms downstream, c=64",
                await stack.MeasureAsync(
                    tokens => Homes.Commands(tokens, ofOneUser: false),
                    64,
                    rounds,
                    length,
                    TimeSpan.FromSeconds(1),
                    stack.ForgetCommandsAsync
                ),
                0.9
            );
            await stack.SetCommandsServerAsync(delay: 0);
        }

        if (Wants("replicas"))
        {
            await ReplicasBenchmark.RunAsync(stack, report, rounds, length);
        }

        report.Absolute("RSS after load", stack.Product.ResidentMegabytes, stack.HandWritten.ResidentMegabytes, "MB", 200);
        return report.ToString();
    }

    /// <summary>A server that has just started, under full load from its first second on.</summary>
    private static async Task CurveAsync(ComparisonStack stack, Report report, bool quick)
    {
        var load = Homes.Reads(stack.ProductTokens);
        var second = TimeSpan.FromSeconds(1);
        await using var fresh = await stack.StartProductAsync();
        var curve = new List<Run>();
        for (var n = 0; n < (quick ? 10 : 20); n++)
        {
            curve.Add(await Wrk.RunAsync(fresh, load, Connections, second));
        }

        var settled = curve[^3..].Average(run => run.PerSecond);
        var settledCpu = curve[^3..].Average(run => run.CpuPerRequest);
        report.AtLeast("reads after start: the fifth second to the last three", curve[4].PerSecond / settled, 0.8);
        report.Note(
            $"Reads after start, requests a second in each second: {string.Join(", ", curve.Select(run => $"{run.PerSecond:0}"))}; processor time of a request in the fifth second {curve[4].CpuPerRequest:0} µs, settled {settledCpu:0} µs."
        );
    }

    /// <summary>Two commands for one router at once: the time from the answer to the first one to the start of the second one.</summary>
    private static async Task GapAsync(ComparisonStack stack, Report report, int pairs)
    {
        var gaps = new List<double[]>();
        foreach (var server in (Server[])[stack.HandWritten, stack.Product])
        {
            await stack.ForgetCommandsAsync();
            await stack.SetCommandsServerAsync(delay: 20, log: true);
            var tokens = server == stack.Product ? stack.ProductTokens : stack.HandWrittenTokens;
            using var client = server.NewClient(tokens.Access[0]);
            for (var pair = 0; pair < pairs; pair++)
            {
                await Homes.TwoCommandsAsync(client, 0, pair / 2 % 10, block: pair % 2 == 0);
            }

            var log = await stack.CommandsLogAsync();
            gaps.Add([.. log.Chunk(2).Select(two => (two[1].Began - two[0].Ended) / 1000.0).Order()]);
        }

        await stack.SetCommandsServerAsync(delay: 0);
        report.Gap("second command for a router after the first one's answer, p50", gaps[0][pairs / 2], gaps[1][pairs / 2], 5);
        report.Gap("the same, p95", gaps[0][pairs * 95 / 100], gaps[1][pairs * 95 / 100], null);
    }

    private static async Task<string> MachineAsync(string commit, bool quick)
    {
        var model = File.ReadLines("/proc/cpuinfo")
            .Where(line => line.StartsWith("model name", StringComparison.Ordinal))
            .Select(line => line.Split(':')[1].Trim())
            .FirstOrDefault("unknown processor");
        var wrk = await Wrk.VersionAsync();
        var load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores ({model}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GB, {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}, {wrk}; commit {commit}, {DateTime.UtcNow:yyyy-MM-dd}{(quick ? ", --quick" : "")}; load average before the run {load}."
        );
    }
}
