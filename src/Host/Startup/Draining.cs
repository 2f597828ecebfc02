namespace NetPilot.Host.Startup;

internal sealed class ShutdownOptions
{
    public const string Section = "Shutdown";
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>How long the listener stays open after a request to stop, while <c>/health/ready</c> answers 503.</summary>
    public TimeSpan DrainDelay { get; set; }

    public IEnumerable<string> Refusals()
    {
        if (DrainDelay < TimeSpan.Zero || DrainDelay > Longest)
        {
            yield return $"Shutdown:DrainDelay must be between 00:00:00 and {Longest}.";
        }
    }
}

/// <summary>
/// A server that is asked to stop says so in <c>/health/ready</c> and serves on for a while, so that load balancers can turn to others before
/// the listener closes.
/// </summary>
internal sealed partial class Draining(
    IOptions<ShutdownOptions> settings,
    StopSignals signals,
    IHostApplicationLifetime lifetime,
    [FromKeyedServices(DatabaseClock.Machine)] TimeProvider machine,
    ILogger<Draining> logger
) : IHostedLifecycleService
{
    public bool IsUnderWay => lifetime.ApplicationStopping.IsCancellationRequested;

    // The host calls this before it stops any service, the listener included.
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var delay = settings.Value.DrainDelay;
        if (delay == TimeSpan.Zero || !lifetime.ApplicationStarted.IsCancellationRequested)
        {
            return;
        }

        LogBegins(logger, delay);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, signals.Second);
        await Task.Delay(delay, machine, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        LogEnds(logger);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "Asked to stop: not ready any more, and serving for another {Delay}")]
    private static partial void LogBegins(ILogger logger, TimeSpan delay);

    [LoggerMessage(LogLevel.Information, "The listener closes; requests in flight are finished")]
    private static partial void LogEnds(ILogger logger);
}

internal static class DrainingRegistration
{
    private static readonly TimeSpan DefaultDelay = TimeSpan.FromSeconds(5);

    public static void AddDraining(this IServiceCollection services)
    {
        services
            .AddOptions<ShutdownOptions>()
            .Configure<IHostEnvironment>(
                (settings, environment) => settings.DrainDelay = environment.IsDevelopment() ? TimeSpan.Zero : DefaultDelay
            );
        services.AddValidated<ShutdownOptions>(ShutdownOptions.Section, settings => settings.Refusals());
        services.AddSingleton<Draining>();
        services.AddHostedService(provider => provider.GetRequiredService<Draining>());
    }

    /// <summary>Takes kept-alive connections out of use while the server drains: none is idle, or just being reused, when the listener closes.</summary>
    public static void UseDraining(this WebApplication app)
    {
        var draining = app.Services.GetRequiredService<Draining>();
        app.Use(
            (context, next) =>
            {
                if (draining.IsUnderWay && HttpProtocol.IsHttp11(context.Request.Protocol))
                {
                    context.Response.OnStarting(
                        static response =>
                        {
                            ((HttpResponse)response).Headers.Connection = "close";
                            return Task.CompletedTask;
                        },
                        context.Response
                    );
                }

                return next(context);
            }
        );
    }
}
