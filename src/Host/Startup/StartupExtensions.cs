using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace NetPilot.Host.Startup;

/// <summary>What has to be true before the server listens.</summary>
internal static partial class StartupExtensions
{
    private static readonly TimeSpan LongestDisposal = TimeSpan.FromSeconds(5);

    /// <summary>The settings that are shipped with the server hold in whatever folder it is started. All others have precedence.</summary>
    public static void AddShippedSettings(this IConfigurationBuilder configuration) =>
        configuration.Sources.Insert(
            0,
            new JsonConfigurationSource
            {
                Path = "appsettings.json",
                Optional = true,
                FileProvider = new PhysicalFileProvider(AppContext.BaseDirectory),
            }
        );

    /// <summary>Checks every setting at once, before anything is touched.</summary>
    public static void ValidateSettings(this WebApplication app)
    {
        var reads = RecordedReads.Of(app.Configuration);
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        Addresses.Validate(app.Configuration);
        OtlpEndpoints.Validate(app.Configuration);
        reads.End();
        UnreadSettings.Validate(app.Configuration, reads);
    }

    /// <summary>Brings the schemas up to date, and tries the role that the server runs as.</summary>
    public static Task PrepareDatabaseAsync(this WebApplication app, CancellationToken cancellationToken) =>
        app.Services.GetRequiredService<DatabaseMigrator>().RunPatientlyAsync(cancellationToken);

    /// <summary>
    /// Serves until it is asked to stop. A start that fails stops what it has started: workers would otherwise meet services that are disposed.
    /// </summary>
    public static async Task RunToEndAsync(this WebApplication app)
    {
        try
        {
            await RunAsync(app);
        }
        finally
        {
            // Polly waits half a minute for calls that are under way, and OpenTelemetry for its collector. After a stop that ran out of time, those hang.
            var disposal = Task.Run(() => app.DisposeAsync().AsTask());
            if (await Task.WhenAny(disposal, Task.Delay(LongestDisposal)) == disposal)
            {
                await disposal;
            }
        }
    }

    private static async Task RunAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.StopAsync();
            throw;
        }

        // What only the start needed is given back at once: without load, the next collection may be hours away.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        await app.WaitForShutdownAsync();
    }

    public static void TellVersion(this WebApplication app) =>
        LogStarting(app.Logger, ProductVersion.Text, app.Environment.EnvironmentName, RoutersModule.TzdbVersion);

    [LoggerMessage(LogLevel.Information, "NetPilot {Version} starts ({Environment}), with the time zones of TZDB {TzdbVersion}")]
    private static partial void LogStarting(ILogger logger, string version, string environment, string tzdbVersion);
}
