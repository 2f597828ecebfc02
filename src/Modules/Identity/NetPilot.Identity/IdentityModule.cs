using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Integrations;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Sessions;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;

namespace NetPilot.Identity;

/// <summary>The module's door to the composition root.</summary>
public static class IdentityModule
{
    public static IServiceCollection AddIdentity(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddModuleDbContext<IdentityDbContext>(IdentityDbContext.Schema);
        services.AddValidated<AuthOptions, AuthOptionsValidator>(configuration, AuthOptions.Section);
        services.AddValidated<SessionSettings, SessionSettingsValidator>(configuration, SessionSettings.Section);
        services.AddValidated<TierOptions, TierOptionsValidator>(configuration, TierOptions.Section);

        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddSingleton<IPostConfigureOptions<AuthOptions>, DevelopmentSigningKey>();
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>, BearerAuthentication>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<PasswordHasher>();

        services.AddSingleton<Callers>();
        services.AddSingleton<SessionOpening>();
        services.AddSingleton<SessionStarts>();
        services.AddSingleton<SessionEndings>();
        services.AddSingleton<EndDeliveries>();
        services.AddSingleton<BackgroundCalls>();
        services.AddHostedService(provider => provider.GetRequiredService<BackgroundCalls>());
        services.AddHostedService<EndDeliveryWorker>();
        services.AddHostedService<SessionSweeper>();

        services.AddSingleton<ICommandsSessionAuthority, CommandsSessionAuthority>();
        services.AddSingleton<IMaintenanceSession, MaintenanceSession>();
        services.AddSingleton<ITierLimits, ConfiguredTierLimits>();
        return services;
    }

    public static IApplicationBuilder UseIdentity(this IApplicationBuilder app) => app;

    private static void AddValidated<TOptions, TValidator>(this IServiceCollection services, IConfiguration configuration, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().Bind(configuration.GetSection(section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
    }
}
