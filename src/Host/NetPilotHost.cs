using Microsoft.AspNetCore.Server.Kestrel.Core;
using NetPilot.Background;
using NetPilot.CommandsClient;
using NetPilot.Host.Health;
using NetPilot.Host.Http;
using NetPilot.Host.OpenApi;
using NetPilot.Idempotency;

namespace NetPilot.Host;

/// <summary>The composition root: what the server is made of, and in which order a request passes it.</summary>
internal static class NetPilotHost
{
    public static void AddNetPilot(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.RequestHeaderEncodingSelector = _ => HeaderText.Instance;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            // The largest body is there within 30 s, so that no request outlives an account's second deletion (docs/decisions/0016).
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 64 * 1024 / 30, gracePeriod: TimeSpan.FromSeconds(5));
        });
        builder.AddLogging();
        builder.AddTelemetry();
        builder.AddMetrics();

        var services = builder.Services;
        // Under systemd (Type=notify) it tells when it has started and when it stops; elsewhere this does nothing.
        services.AddSystemd();
        services.AddPersistence(builder.Configuration);
        services.AddBackground();
        services.AddCommandsClient(builder.Configuration);
        services.AddModules();
        services.Configure<Idempotency.IdempotencyOptions>(keys => keys.ProblemOf = ExceptionProblems.Of);
        services.AddTrustedForwardedHeaders();
        services.AddAllowedHosts();
        services.AddFrontendCors();
        services.AddRateLimits();
        services.AddHealth();
        services.AddDraining();
        services.AddOpenApiDocument();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationProblems>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddSingleton<EndpointInstances>();
        services.AddSingleton<IEndpointFactory>(provider => provider.GetRequiredService<EndpointInstances>());
        services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = ModulesRegistry.Assemblies;
        });

        // A stopping server drains, and then finishes what is in flight, and a command may take its whole time.
        services
            .AddOptions<HostOptions>()
            .Configure<IOptions<CommandsServerOptions>, IOptions<ShutdownOptions>>(
                (host, commandsServer, shutdown) =>
                    host.ShutdownTimeout = shutdown.Value.DrainDelay + commandsServer.Value.Timeouts.Total + TimeSpan.FromSeconds(5)
            );
    }

    public static void UseNetPilot(this WebApplication app)
    {
        app.UseTrustedForwardedHeaders();
        app.UseMiddleware<SecurityHeaders>();
        app.UseDraining();
        app.UseMiddleware<UnreadBodies>();
        app.UseRequestLogging();
        app.UseMiddleware<HeadRequests>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseAllowedHosts();
        app.UseMetricsGate();
        app.UseSwaggerPages();
        app.UseRouting();
        app.UseCors();
        app.UseMiddleware<HiddenEndpoints>();
        app.UseAuthentication();
        // Before the role is asked for, so that a refusal counts.
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseIdempotency();
        app.UseMiddleware<RequestForm>();
        app.MeasureDatabase();
        app.MapHealth();
        app.MapMetrics();
        app.MapOpenApiDocument();
        app.UseFastEndpoints(config =>
        {
            config.Endpoints.RoutePrefix = "api/v1";
            config.Endpoints.NameGenerator = context => SchemaNames.OfOperation(context.EndpointType);
            ApiJson.Configure(config.Serializer.Options);
            var readOptions = ApiJson.ReadOptions(config.Serializer.Options);
            config.Serializer.RequestDeserializer = (request, type, _, cancellationToken) =>
                JsonBody.ReadAsync(request, type, readOptions, cancellationToken);
            config.Serializer.ResponseSerializer = (response, body, contentType, _, cancellationToken) =>
                JsonResponse.WriteAsync(response, body, config.Serializer.Options, contentType, cancellationToken);
            config.Binding.UsePropertyNamingPolicy = true;
            config.Binding.JsonExceptionTransformer = null;
            config.Binding.FailureMessage = (_, _, _) => "Has the wrong type.";
            config.Errors.ProducesMetadataType = null;
            config.Errors.ResponseBuilder = FieldProblems.Build;
            config.Errors.ContentType = "application/problem+json";
        });
        app.Services.GetRequiredService<EndpointInstances>().ServeRequests();
    }
}
