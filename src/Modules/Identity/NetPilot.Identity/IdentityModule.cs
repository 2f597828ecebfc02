using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Identity;

/// <summary>The module's door to the composition root.</summary>
public static class IdentityModule
{
    public static IServiceCollection AddIdentity(this IServiceCollection services, IConfiguration configuration) => services;

    public static IApplicationBuilder UseIdentity(this IApplicationBuilder app) => app;
}
