using Microsoft.Extensions.DependencyInjection;
using NetPilot.Idempotency;
using NetPilot.Routers.Features.DeleteRouter;
using NetPilot.Routers.Features.ListRouters;
using NetPilot.Routers.Integrations;
using NetPilot.Routers.Turns;

namespace NetPilot.Routers;

public static class RoutersModule
{
    /// <summary>The version of the IANA database by whose rules schedules go, such as <c>2026f</c>.</summary>
    public static string TzdbVersion => TimeZones.Version;

    public static IServiceCollection AddRouters(this IServiceCollection services)
    {
        services.AddValidated<RoutersOptions>("Routers", options => options.Refusals());
        services.AddValidated<ActivityOptions>("Activity", options => options.Refusals());
        services.AddModuleDbContext<RoutersDbContext>(RoutersDbContext.Schema);
        services
            .AddIdempotency<RoutersDbContext>(RoutersDbContext.Schema)
            .Configure<IOptions<CommandsServerOptions>>(
                (keys, server) =>
                {
                    keys.UserOf = context => context.Caller().UserId;
                    keys.LockedFor = server.Value.Timeouts.Total + TimeSpan.FromSeconds(30);
                }
            );
        services.AddHttpContextAccessor();

        services.AddSingleton<IRouterTurns, RouterTurns>();
        services.AddSingleton<IRouterActivityLog>(provider => provider.GetRequiredService<LateRecords>());
        services.AddSingleton<IRouterCommands, RouterCommands>();
        services.AddSingleton<PendingResets>();
        services.AddScoped<RouterRelease>();
        services.AddSingleton<WifiChanges>();
        services.AddWorker<WifiSettlements>().AddWorker<ResetWorker>().AddWorker<LateRecords>().AddHostedService<ActivityPurge>();

        services.AddSingleton<RouterOwnership>();
        services.AddSingleton<IRouterOwnership>(provider => provider.GetRequiredService<RouterOwnership>());
        services.AddSingleton<IRequestReads>(provider => provider.GetRequiredService<RouterOwnership>());
        services.AddSingleton<IRequestReads, FirstRouters>();
        services.AddSingleton<IRecentRouter, RecentRouter>();
        services.AddScoped<IUserDependents>(provider => provider.GetRequiredService<RouterRelease>());
        return services;
    }
}
