using System.Diagnostics;

namespace NetPilot.Bench.Comparison;

/// <summary>What one run of wrk measured.</summary>
/// <param name="Requests">How many requests were answered.</param>
/// <param name="PerSecond">How many a second.</param>
/// <param name="P50">The median, in milliseconds.</param>
/// <param name="P99">The time that one request in a hundred exceeds, in milliseconds.</param>
/// <param name="CpuPerRequest">The server's processor time for a request, in microseconds.</param>
internal sealed record Run(long Requests, double PerSecond, double P50, double P99, double CpuPerRequest);

/// <summary>Runs wrk, whose one thread takes little of the machine that the servers share with it.</summary>
internal static class Wrk
{
    public static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Comparison", "load.lua");

    public static async Task<string> VersionAsync()
    {
        using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-v"]) { RedirectStandardOutput = true })!;
        return (await wrk.StandardOutput.ReadToEndAsync()).Split('[')[0].Trim();
    }

    public static async Task<Run> RunAsync(Server server, Load load, int connections, TimeSpan duration)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, load.Lines);
            string[] arguments =
            [
                "-t1",
                $"-c{connections}",
                $"-d{Math.Max(1, (int)Math.Round(duration.TotalSeconds))}s",
                "--timeout",
                "30s",
                "-s",
                Script,
                server.Address.ToString(),
                file,
                load.AreTokens ? "refresh" : "requests",
            ];
            var before = server.CpuTime;
            using var wrk = Process.Start(new ProcessStartInfo("wrk", arguments) { RedirectStandardOutput = true })!;
            var output = await wrk.StandardOutput.ReadToEndAsync();
            await wrk.WaitForExitAsync();
            var cpu = server.CpuTime - before;
            var result =
                output.Split('\n').FirstOrDefault(line => line.StartsWith("result ", StringComparison.Ordinal))
                ?? throw new InvalidOperationException($"wrk said:\n{output}");
            var numbers = result.Split(' ').Skip(1).Select(long.Parse).ToArray();
            var (sent, failed) = (numbers[0], numbers[2]);
            if (failed > server.TolerableFailures * sent)
            {
                throw new InvalidOperationException($"{server.Name}, {load.Name}: {failed} of {sent} requests failed.\n{output}");
            }

            var answered = sent - failed;
            return new Run(
                answered,
                answered / (numbers[1] / 1e6),
                numbers[3] / 1e3,
                numbers[4] / 1e3,
                cpu.TotalMicroseconds / Math.Max(1, answered)
            );
        }
        finally
        {
            File.Delete(file);
        }
    }
}

/// <summary>What a run of wrk sends: requests in turn, or refresh tokens to begin with.</summary>
internal sealed record Load(string Name, IReadOnlyList<string> Lines, bool AreTokens = false)
{
    public static string Get(string path, string token) => $"GET\t{path}\t{token}\t";

    public static string Post(string path, string token, string body) => $"POST\t{path}\t{token}\t{body}";
}
