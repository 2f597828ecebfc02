using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Turns;

namespace NetPilot.Routers;

/// <summary>The module's door to the composition root.</summary>
public static class RoutersModule
{
    public static IServiceCollection AddRouters(this IServiceCollection services, IConfiguration configuration) => services.AddTurns();

    public static IApplicationBuilder UseRouters(this IApplicationBuilder app) => app;
}
