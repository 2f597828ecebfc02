using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Routers.Features.ClaimRouter;
using NetPilot.Routers.Features.DeleteRouter;
using NetPilot.Routers.Idempotency;
using NetPilot.Routers.Integrations;
using NetPilot.Routers.Resets;
using NetPilot.Routers.Turns;
using NetPilot.Routers.Wifi;
using NetPilot.Routers.Workers;

namespace NetPilot.Routers;

/// <summary>The module's door to the composition root.</summary>
public static class RoutersModule
{
    public static IServiceCollection AddRouters(this IServiceCollection services, IConfiguration configuration)
    {
        services
            .AddOptions<RoutersOptions>()
            .Bind(configuration.GetSection(RoutersOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddModuleDbContext<RoutersDbContext>(RoutersDbContext.Schema);
        services.AddTurns();
        services.AddIdempotency();
        services.AddHttpContextAccessor();
        services.AddSingleton<RouterOwnership>();
        services.AddSingleton<IRouterOwnership>(provider => provider.GetRequiredService<RouterOwnership>());
        services.AddSingleton<IRequestReads>(provider => provider.GetRequiredService<RouterOwnership>());
        services.AddSingleton<IRecentRouter, RecentRouter>();
        services.AddScoped<IUserDependents, RouterUserDependents>();
        services.AddSingleton<RouterClaims>();
        services.AddScoped<RouterRelease>();
        services.AddWifi();
        services.AddWorkers(configuration);
        return services;
    }

    private static void AddWifi(this IServiceCollection services)
    {
        services.AddSingleton<WifiChanges>();
        services.AddSingleton<WifiSettlements>();
        services.AddHostedService(provider => provider.GetRequiredService<WifiSettlements>());
    }

    private static void AddWorkers(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ResetOptions>().Bind(configuration.GetSection(ResetOptions.Section));
        services
            .AddOptions<ActivityOptions>()
            .Bind(configuration.GetSection(ActivityOptions.Section))
            .Validate(
                options => options.Retention > TimeSpan.Zero && options.Retention <= TimeSpan.FromDays(3650),
                "Activity:Retention must be more than zero and at most 3650 days."
            )
            .ValidateOnStart();
        services.AddSingleton<IPendingResets, PendingResets>();
        services.AddSingleton<ResetWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<ResetWorker>());
        services.AddHostedService<ActivityPurge>();
    }

    public static IApplicationBuilder UseRouters(this IApplicationBuilder app) => app.UseMiddleware<IdempotencyMiddleware>();
}
