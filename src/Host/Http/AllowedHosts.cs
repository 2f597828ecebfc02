using Microsoft.AspNetCore.HostFiltering;
using NetPilot.Host.Health;

namespace NetPilot.Host.Http;

/// <summary>
/// ASP.NET's filter of hosts (<c>AllowedHosts</c>), behind what every answer goes through. ASP.NET itself puts it in front of everything, where
/// its refusal has neither the form nor the headers of the others. Probes and scrapes name the address that they reach, and are not filtered.
/// </summary>
internal static class AllowedHosts
{
    public static void AddAllowedHosts(this IServiceCollection services)
    {
        var inFront = services.Single(service => service.ImplementationType?.Name == "HostFilteringStartupFilter");
        services.Remove(inFront);
        services.Configure<HostFilteringOptions>(options => options.IncludeFailureMessage = false);
    }

    public static void UseAllowedHosts(this IApplicationBuilder app)
    {
        app.Use(
            async (context, next) =>
            {
                await next(context);
                // Nothing else ends with a bare 400 before routing.
                if (
                    context.Response is { HasStarted: false, StatusCode: StatusCodes.Status400BadRequest, ContentType: null }
                    && context.GetEndpoint() is null
                )
                {
                    await ProblemWriter.WriteAsync(context, Problem.Invalid("host", "Must be a host that this server answers for."));
                }
            }
        );
        app.UseWhen(context => !IsForMonitoring(context.Request.Path), filtered => filtered.UseHostFiltering());
    }

    private static bool IsForMonitoring(PathString path) =>
        path.StartsWithSegments(HealthEndpoints.Path) || path.StartsWithSegments(Metrics.Path);
}
