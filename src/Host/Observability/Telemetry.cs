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
        var exports = OtlpEndpoints.AreSet(builder.Configuration);
        var serves = builder.ServesMetrics();
        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("netpilot", serviceVersion: ProductVersion.Text));
        // Figures that nobody can read are not kept: each request would pay for them.
        if (serves || exports)
        {
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddAspNetCoreInstrumentation().AddMeter(Own, "Npgsql", "System.Net.Http", "System.Runtime");
                if (serves)
                {
                    metrics.AddPrometheusExporter();
                }

                if (exports)
                {
                    metrics.AddOtlpExporter();
                }
            });
        }

        if (exports)
        {
            builder.Services.AddHostedService<ExportWatch>();
            telemetry.WithTracing(tracing =>
                tracing
                    .AddAspNetCoreInstrumentation(options => options.Filter = context => context.Request.Path.StartsWithSegments("/api"))
                    .AddNpgsql()
                    .AddSource(Own)
                    .AddProcessor(new LoneStatements())
                    .AddOtlpExporter()
            );
        }
    }
}
