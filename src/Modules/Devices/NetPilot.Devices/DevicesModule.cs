using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Devices;

/// <summary>The module's door to the composition root.</summary>
public static class DevicesModule
{
    public static IServiceCollection AddDevices(this IServiceCollection services, IConfiguration configuration) => services;

    public static IApplicationBuilder UseDevices(this IApplicationBuilder app) => app;
}
