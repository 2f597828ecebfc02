using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NetPilot.CommandsClient.Sessions;

namespace NetPilot.CommandsClient;

/// <summary>Registers the client.</summary>
public static class CommandsClientRegistration
{
    /// <summary>
    /// Adds <see cref="ICommandsClient"/> and <see cref="CommandsServerHealth"/> (singletons), the HTTP pipeline and the options under
    /// <c>CommandsServer</c>, validated at start. Somebody must register an <see cref="ICommandsSessionAuthority"/> (a singleton; it may
    /// itself depend on <see cref="ICommandsClient"/>). <see cref="CommandsInstrumentation"/> names the meter and the activity source.
    /// </summary>
    public static IServiceCollection AddCommandsClient(this IServiceCollection services, IConfiguration configuration)
    {
        var section = configuration.GetSection(CommandsServerOptions.Section);
        services
            .AddOptions<CommandsServerOptions>()
            .Bind(section)
            // The binder takes numbers and lists of names too.
            .Validate(
                _ =>
                    section["Dialect"] is not { } dialect
                    || Enum.GetNames<CommandsDialect>().Contains(dialect, StringComparer.OrdinalIgnoreCase),
                "CommandsServer:Dialect must be plan or deployed."
            )
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CommandsServerOptions>, CommandsServerOptionsValidator>());
        services.AddLogging().AddMetrics();
        services.TryAddSingleton(TimeProvider.System);

        services.AddCommandsHttpClient();
        services.TryAddSingleton<Circuits>();
        services.TryAddSingleton<RouterBulkhead>();
        services.TryAddSingleton<CommandsRoutes>();
        services.TryAddSingleton<CommandsTransport>();
        services.TryAddSingleton<FailureLog>();
        services.TryAddSingleton<CommandsTelemetry>();
        services.TryAddSingleton<StartedSessions>();
        services.TryAddSingleton<SessionStarter>();
        services.TryAddSingleton<SessionMender>();
        services.TryAddSingleton<ICommandsClient, HttpCommandsClient>();
        services.TryAddSingleton(provider => new CommandsServerHealth(
            provider.GetRequiredService<Circuits>(),
            provider.GetRequiredService<CommandsTransport>(),
            provider.GetRequiredService<IOptions<CommandsServerOptions>>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        return services;
    }
}
