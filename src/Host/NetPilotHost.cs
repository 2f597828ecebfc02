using FastEndpoints;
using Microsoft.AspNetCore.Authorization;
using NetPilot.CommandsClient;
using NetPilot.Host.Problems;
using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Host;

/// <summary>The composition root: what the server is made of, and in which order a request passes it.</summary>
internal static class NetPilotHost
{
    public static void AddNetPilot(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });

        var services = builder.Services;
        services.AddPersistence(builder.Configuration);
        services.AddCommandsClient(builder.Configuration);
        services.AddModules(builder.Configuration);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationProblems>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = ModulesRegistry.Assemblies;
        });
    }

    public static void UseNetPilot(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseModules();
        app.UseFastEndpoints(config =>
        {
            config.Endpoints.RoutePrefix = "api/v1";
            config.Endpoints.ShortNames = true;
            ApiJson.Configure(config.Serializer.Options);
            config.Binding.UsePropertyNamingPolicy = true;
            config.Binding.JsonExceptionTransformer = null;
            config.Binding.FailureMessage = (_, _, _) => "Has the wrong type.";
            config.Errors.ProducesMetadataType = null;
            config.Errors.ResponseBuilder = FieldProblems.Build;
            config.Errors.ContentType = "application/problem+json";
        });
    }

    public static Task MigrateAsync(this WebApplication app) =>
        app.Services.GetRequiredService<DatabaseMigrator>().RunAsync(app.Lifetime.ApplicationStopping);
}
