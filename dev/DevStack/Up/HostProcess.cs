using System.Diagnostics;

namespace NetPilot.DevStack.Up;

/// <summary>NetPilot itself, as a child.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    private readonly KeptProcess _process;
    private readonly string _log;

    private HostProcess(KeptProcess process, string log)
    {
        _process = process;
        _log = log;
    }

    public static HostProcess Start(string folder, IReadOnlyDictionary<string, string> settings, string log)
    {
        var program = Path.GetFullPath(Path.Combine(folder, "bin/Debug/net10.0/NetPilot.Host.dll"));
        if (!File.Exists(program))
        {
            throw new UpException($"{program} is not there: dev/up builds it.");
        }

        File.WriteAllText(log, "");
        var info = new ProcessStartInfo("dotnet", [program]) { WorkingDirectory = Path.GetFullPath(folder) };
        foreach (var (name, value) in settings)
        {
            info.Environment[name] = value;
        }
        return new HostProcess(KeptProcess.Start(info, log, ending: "TERM"), log);
    }

    /// <summary>Waits until it says that it is ready; its last words if it does not get there.</summary>
    public async Task WaitUntilReadyAsync(Uri baseUrl, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = baseUrl,
            Timeout = TimeSpan.FromSeconds(5),
        };
        var patience = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited)
            {
                throw new UpException($"NetPilot did not start:\n{LastWords()}");
            }
            if (await IsReadyAsync(http, cancellationToken))
            {
                return;
            }
            if (patience.Elapsed > StartPatience)
            {
                throw new UpException($"NetPilot was not ready after {StartPatience.TotalSeconds} s (GET /health/ready):\n{LastWords()}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    /// <summary>Waits for its end, which is none of ours.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        throw new UpException(
            $"NetPilot ended with exit code {_process.ExitCode}, and all else ends with it. The data is kept: start dev/up again.\n{LastWords()}"
        );
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await _process.StopAsync("TERM", patience.Token);
        }
        catch (OperationCanceledException)
        {
            await _process.StopAsync("KILL", CancellationToken.None);
        }
        await _process.DisposeAsync();
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync("/health/ready", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private string LastWords() => string.Join('\n', File.ReadLines(_log).TakeLast(15));
}
