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
        services.AddOptions<CommandsServerOptions>().Bind(configuration.GetSection(CommandsServerOptions.Section)).ValidateOnStart();
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
