using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.CommandsClient;

/// <summary>Registers the client.</summary>
public static class CommandsClientRegistration
{
    /// <summary>
    /// Adds <see cref="ICommandsClient"/> (a singleton), its HTTP pipeline and the options under <c>CommandsServer</c>, validated at start.
    /// Somebody must register an <see cref="ICommandsSessionAuthority"/>.
    /// </summary>
    public static IServiceCollection AddCommandsClient(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CommandsServerOptions>().Bind(configuration.GetSection(CommandsServerOptions.Section)).ValidateOnStart();
        return services;
    }
}
