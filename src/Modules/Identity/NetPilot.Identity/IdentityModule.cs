using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Features.GrantAdmin;
using NetPilot.Identity.Integrations;
using NetPilot.Identity.Mails;

namespace NetPilot.Identity;

public static class IdentityModule
{
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddModuleDbContext<IdentityDbContext>(IdentityDbContext.Schema);
        services.AddValidated<AuthOptions>(AuthOptions.Section, options => options.Refusals());
        services.AddValidated<SweepOptions>(SweepOptions.Section, options => options.Refusals());
        services.AddValidated<TiersOptions>(TiersOptions.Section, options => options.Refusals());
        services.AddValidated<LoginLimitOptions>(LoginLimitOptions.Section, options => options.Refusals());
        services.AddValidated<MailOptions>(MailOptions.Section, options => options.Refusals());

        services
            .AddAuthentication(JwtBearerDefaults.AuthenticationScheme)
            .AddScheme<JwtBearerOptions, BearerAuthentication>(JwtBearerDefaults.AuthenticationScheme, configureOptions: null);
        services.MakeNoDataProtectionKeys();
        services.AddSingleton<IPostConfigureOptions<AuthOptions>, DevelopmentSigningKey>();
        services
            .AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<AccessTokens>(
                (bearer, tokens) =>
                {
                    bearer.MapInboundClaims = false;
                    bearer.IncludeErrorDetails = false;
                    bearer.TokenValidationParameters = tokens.Validation;
                }
            );
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<PasswordHasher>();

        services.AddSingleton<TokenRotation>();
        services.AddScoped<PasswordCheck>();
        services.AddSingleton<ResetTokens>();
        services.AddScoped<LoginGuard>();
        services.AddSingleton<FailedAuthentications>();

        services.AddSingleton<AccountRemoval>();
        services.AddHostedService<AccountRemovalWorker>();
        services.AddHostedService<Janitor>();
        services.AddSingleton<ResetMails>();
        services.AddSingleton<MailWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<MailWorker>());

        services.AddSingleton<Callers>();
        services.AddSingleton<CallerTraffic>();
        services.AddSingleton<SessionOpening>();
        services.AddSingleton<SessionStarts>();
        services.AddSingleton<SessionEndings>();
        services.AddSingleton<EndDeliveries>();
        services.AddHostedService<SessionGauge>();
        services.AddSingleton<BackgroundCalls>();
        // Hosted services stop in reverse order: those that record ends stop before the one that delivers them.
        services.AddHostedService<EndDeliveryWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<BackgroundCalls>());
        services.AddHostedService<SessionSweeper>();

        services.AddSingleton<ICommandsSessionAuthority, CommandsSessionAuthority>();
        services.AddSingleton<IMaintenanceSession, MaintenanceSession>();
        services.AddSingleton<ITierLimits, ConfiguredTierLimits>();
        services.AddSingleton<IUserTiers, UserTiers>();
        return services;
    }

    /// <summary>Runs the command <c>admin grant &lt;email&gt;</c>. The schema has to be up to date.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAdminCommandAsync(
        IServiceProvider services,
        IReadOnlyList<string> arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        if (arguments is not ["admin", "grant", var email])
        {
            await output.WriteLineAsync("Usage: NetPilot.Host admin grant <email>");
            return 2;
        }

        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDbContext>();
        return await GrantAdminCommand.RunAsync(db, email, output, cancellationToken);
    }

    // AddAuthentication adds ASP.NET's data protection, which writes a key to the disk at the first start. Nothing here uses it.
    private static void MakeNoDataProtectionKeys(this IServiceCollection services)
    {
        var maker = services.Where(service =>
            service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(XmlKeyManager).Assembly
        );
        foreach (var service in maker.ToArray())
        {
            services.Remove(service);
        }
    }
}
