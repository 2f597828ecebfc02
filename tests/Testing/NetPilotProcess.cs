using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using NetPilot.DevStack;

namespace NetPilot.Testing;

/// <summary>
/// The built server in a process of its own: for a second replica, for crashes, and for what only a whole process shows (its exit code, its
/// console). It ends when the tests do, however they do.
/// </summary>
public sealed class NetPilotProcess : IAsyncDisposable
{
    /// <summary>Longer than whatever a test waits for.</summary>
    internal static readonly TimeSpan ClientTimeout = TimeSpan.FromMinutes(10);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Process _process;
    private readonly Process? _guard;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _errorEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NetPilotProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
        Collect(process.StandardOutput, _outputEnded);
        Collect(process.StandardError, _errorEnded);
        _guard = Guard(process.Id);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>What it has written so far, standard output and error alike.</summary>
    public IReadOnlyCollection<string> Output => _output;

    public int Id => _process.Id;

    /// <summary>Starts the server on a free port and waits until <c>/health/ready</c> says 200.</summary>
    public static async Task<NetPilotProcess> StartAsync(
        IReadOnlyDictionary<string, string?> settings,
        CancellationToken cancellationToken = default
    )
    {
        var server = Launch(settings);
        try
        {
            await server.WaitUntilReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server and does not wait: for a start that is to fail, or to be watched. Arguments are the command line's.</summary>
    public static NetPilotProcess Launch(IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<string> arguments) =>
        LaunchIn(Path.GetDirectoryName(typeof(Program).Assembly.Location)!, settings, arguments);

    /// <summary>As <see cref="Launch"/>, with another working directory than the server's own.</summary>
    public static NetPilotProcess LaunchIn(
        string folder,
        IReadOnlyDictionary<string, string?> settings,
        params IReadOnlyList<string> arguments
    )
    {
        var address = new Uri($"http://127.0.0.1:{LoopbackPorts.Take()}");
        var host = typeof(Program).Assembly.Location;
        var entry = Path.ChangeExtension(System.Reflection.Assembly.GetEntryAssembly()!.Location, null);
        // The tests' own dependencies include the server's, so that the server starts from the tests' folder as it is.
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } path && path.EndsWith("dotnet", StringComparison.Ordinal) ? path : "dotnet"
        )
        {
            ArgumentList = { "exec", "--runtimeconfig", entry + ".runtimeconfig.json", "--depsfile", entry + ".deps.json", host },
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var key in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            start.Environment.Remove(key);
        }

        // It lives for seconds: compiling its methods a second time costs a sixth of its processor time, and brings nothing.
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["Serilog__ConsoleLevel"] = "Verbose";
        foreach (var (key, value) in settings.Where(setting => setting.Key != "Serilog:ConsoleLevel"))
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return new NetPilotProcess(Process.Start(start)!, address);
    }

    /// <summary>A client for this replica, with or without a token.</summary>
    public HttpClient NewClient(string? accessToken = null)
    {
        var client = new HttpClient(new BodiesWithLength(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }))
        {
            BaseAddress = Address,
            Timeout = ClientTimeout,
        };
        if (accessToken is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", accessToken);
        }

        return client;
    }

    /// <summary>Waits until the server says that it is ready; fails with its output when it ends before.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Eventually.Patience);
        while (!_process.HasExited)
        {
            try
            {
                using var response = await Http.GetAsync(new Uri(Address, "/health/ready"), limit.Token);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            await pause.WaitForNextTickAsync(limit.Token);
        }

        await WaitForExitAsync(limit.Token);
        throw new InvalidOperationException(
            $"The server ended with {_process.ExitCode} before it was ready:\n{string.Join('\n', _output)}"
        );
    }

    /// <summary>Waits for a line of output that contains a text; one that came already will do.</summary>
    public async Task WaitForOutputAsync(string text, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Eventually.Patience);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_output.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            await look.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>Waits for the process to end by itself, and for all of its output.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken = default)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await Task.WhenAll(_outputEnded.Task, _errorEnded.Task).WaitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Ends it as a crash would: at once, nothing is finished (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Asks it to stop (SIGTERM) and waits until it has.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken = default)
    {
        SendTerm();
        return await WaitForExitAsync(cancellationToken);
    }

    /// <summary>Asks it to stop (SIGTERM), without waiting.</summary>
    public void SendTerm()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        if (_guard is not null)
        {
            if (!_guard.HasExited)
            {
                _guard.Kill();
            }

            _guard.Dispose();
        }

        _process.Dispose();
    }

    // Reads from a pipe that we hold: when we are gone, however that came, the read ends and so does the server.
    private static Process? Guard(int pid) =>
        OperatingSystem.IsWindows()
            ? null
            : Process.Start(new ProcessStartInfo("sh", ["-c", $"read -r _; kill -9 {pid} 2>/dev/null"]) { RedirectStandardInput = true });

    private static bool IsOurs(string key) =>
        key.Contains("__", StringComparison.Ordinal)
        || key.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
        || key.StartsWith("DOTNET_ENVIRONMENT", StringComparison.Ordinal)
        || key.StartsWith("OTEL_", StringComparison.Ordinal);

    private void Collect(StreamReader reader, TaskCompletionSource ended) =>
        Task.Run(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                _output.Enqueue(line);
            }

            ended.TrySetResult();
        });
}
