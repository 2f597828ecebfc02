using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Blacklist;

/// <summary>The module's door to the composition root.</summary>
public static class BlacklistModule
{
    public static IServiceCollection AddBlacklist(this IServiceCollection services, IConfiguration configuration) => services;

    public static IApplicationBuilder UseBlacklist(this IApplicationBuilder app) => app;
}
