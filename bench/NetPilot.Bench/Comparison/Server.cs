using System.Diagnostics;
using System.Globalization;
using System.Net;
using NetPilot.DevStack;

namespace NetPilot.Bench.Comparison;

/// <summary>A published server in a process of its own. Its console goes to a file, as a container's goes to a log driver.</summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Process process;

    private Server(string name, Process process, Uri address)
    {
        Name = name;
        this.process = process;
        Address = address;
    }

    public string Name { get; }

    /// <summary>The share of requests that may fail. A failed request is not counted as one that was answered.</summary>
    public double TolerableFailures { get; set; }

    public int Id => process.Id;

    public Uri Address { get; }

    /// <summary>How long it took until it said that it is ready.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>The processor time that it took until then.</summary>
    public TimeSpan ReadyCpu { get; private set; }

    /// <summary>The processor time of the process so far, in user and system mode.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            // The name in the second field may contain spaces.
            var stat = File.ReadAllText($"/proc/{process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / 100.0);
        }
    }

    public double ResidentMegabytes =>
        File.ReadLines($"/proc/{process.Id}/status")
            .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Select(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024.0)
            .Single();

    /// <summary>Starts it and waits until <paramref name="readyPath"/> answers 200.</summary>
    public static async Task<Server> StartAsync(
        string name,
        string program,
        IReadOnlyDictionary<string, string> settings,
        string readyPath = "/health/ready"
    )
    {
        var address = new Uri($"http://127.0.0.1:{LoopbackPorts.Take()}");
        var log = Path.Combine(Path.GetDirectoryName(program)!, "..", $"{name.Replace(' ', '-')}.log");
        // Where this program ends, however that comes, its pipe breaks and the shell ends the server.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" > \"$LOG\" 2>&1 < /dev/null", "sh", "dotnet", program])
        {
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        foreach (var key in start.Environment.Keys.Where(key => key.StartsWith("ASPNETCORE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(key);
        }

        foreach (var word in settings.GetValueOrDefault("arguments", "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["LOG"] = log;
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        var began = Stopwatch.GetTimestamp();
        var server = new Server(name, Process.Start(start)!, address);
        try
        {
            while (!await AnswersAsync(new Uri(address, readyPath)))
            {
                if (server.process.HasExited || Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(2))
                {
                    throw new InvalidOperationException($"{name} did not start:\n{await File.ReadAllTextAsync(log)}");
                }

                await Task.Delay(5);
            }

            server.ReadyAfter = Stopwatch.GetElapsedTime(began);
            server.ReadyCpu = server.CpuTime;
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public HttpClient NewClient(string? token = null) => User.NewClient(Address, token);

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static async Task<bool> AnswersAsync(Uri uri)
    {
        try
        {
            using var response = await Http.GetAsync(uri);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
