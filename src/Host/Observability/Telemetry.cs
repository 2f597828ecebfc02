using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace NetPilot.Host.Observability;

/// <summary>
/// Traces and metrics. The modules' own sources and meters are called <c>NetPilot.*</c>. HttpClient isn't traced by itself: its spans
/// would hold the URLs of the Commands-Server, whose queries carry session ids; CommandsClient makes spans of its own.
/// </summary>
internal static class Telemetry
{
    private const string Own = "NetPilot.*";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var exportsTraces = OtlpEndpoints.IsSet(configuration, OtlpEndpoints.Traces);
        var exportsMetrics = OtlpEndpoints.IsSet(configuration, OtlpEndpoints.Metrics);
        var serves = builder.ServesMetrics();
        var telemetry = builder
            .Services.AddOpenTelemetry()
            // The last one has precedence: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
            .ConfigureResource(resource =>
                resource.AddService("netpilot", serviceVersion: ProductVersion.Text).AddEnvironmentVariableDetector()
            );
        // Figures that nobody can read are not kept: each request would pay for them.
        if (serves || exportsMetrics)
        {
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddAspNetCoreInstrumentation().AddMeter(Own, "Npgsql", "System.Net.Http", "System.Runtime");
                if (serves)
                {
                    metrics.AddPrometheusExporter();
                }

                if (exportsMetrics)
                {
                    metrics.AddOtlpExporter(exporter => OtlpEndpoints.Apply(configuration, OtlpEndpoints.Metrics, exporter));
                }
            });
        }

        if (exportsTraces || exportsMetrics)
        {
            builder.Services.AddHostedService<ExportWatch>();
        }

        if (exportsTraces)
        {
            telemetry.WithTracing(tracing =>
                tracing
                    .AddAspNetCoreInstrumentation(options => options.Filter = context => context.Request.Path.StartsWithSegments("/api"))
                    .AddNpgsql()
                    .AddSource(Own)
                    .AddProcessor(new LoneStatements())
                    .AddOtlpExporter(exporter => OtlpEndpoints.Apply(configuration, OtlpEndpoints.Traces, exporter))
            );
        }
    }
}
