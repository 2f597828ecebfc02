using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Routers.Features.ClaimRouter;
using NetPilot.Routers.Features.DeleteRouter;
using NetPilot.Routers.Idempotency;
using NetPilot.Routers.Integrations;
using NetPilot.Routers.Turns;

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
        services.AddSingleton<IRouterOwnership, RouterOwnership>();
        services.AddSingleton<RouterClaims>();
        services.AddScoped<RouterRelease>();
        return services;
    }

    public static IApplicationBuilder UseRouters(this IApplicationBuilder app) => app.UseMiddleware<IdempotencyMiddleware>();
}
