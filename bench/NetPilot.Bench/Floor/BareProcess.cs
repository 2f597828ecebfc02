using System.Diagnostics;
using System.Globalization;
using NetPilot.Testing;

namespace NetPilot.Bench.Floor;

/// <summary>The bare server in a process of its own, as NetPilot is.</summary>
internal sealed class BareProcess : IAsyncDisposable
{
    private readonly Process process;

    private BareProcess(Process process, HttpClient http)
    {
        this.process = process;
        Http = http;
    }

    public HttpClient Http { get; }

    public static async Task<BareProcess> StartAsync(BenchDatabase database, Uri commandsServer, User user)
    {
        var port = NetPilotProcess.FreePort();
        string[] arguments =
        [
            typeof(BareProcess).Assembly.Location,
            "bare",
            database.ConnectionString,
            commandsServer.ToString(),
            port.ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardInput = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The bare server did not start.");
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        http.DefaultRequestHeaders.Add("X-User", user.Id.ToString());
        var bare = new BareProcess(process, http);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await Measure.GetAsync(http, "/api/v1/routers");
                return bare;
            }
            catch (HttpRequestException) when (attempt < 300 && !process.HasExited)
            {
                await Task.Delay(100);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
