using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using NetPilot.Host.Startup;
using NetPilot.Web;

namespace NetPilot.Host.Observability;

internal sealed class MetricsSettings
{
    public const string Section = "Metrics";

    /// <summary>A port of its own for the metrics, so that a firewall can keep strangers off them.</summary>
    public int? Port { get; set; }

    /// <summary>What a scraper must send as its bearer token.</summary>
    public string? Token { get; set; }

    public IEnumerable<string> Refusals()
    {
        if (Port is < 1 or > 65535)
        {
            yield return "Metrics:Port must be between 1 and 65535.";
        }

        if (Token is { Length: < 16 })
        {
            yield return "Metrics:Token must have at least 16 characters.";
        }
    }
}

/// <summary><c>/metrics</c> as Prometheus text: open, or on a port of its own, or for a token.</summary>
internal static class Metrics
{
    private const string Path = "/metrics";

    public static void AddMetrics(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidated<MetricsSettings>(MetricsSettings.Section, settings => settings.Refusals());
        if (builder.Configuration.GetSection(MetricsSettings.Section)["Port"] is { Length: > 0 } port)
        {
            builder.ListenAlsoOn(port);
        }
    }

    public static void MapMetrics(this WebApplication app) =>
        app.MapPrometheusScrapingEndpoint(Path).WithMetadata(new HttpMethodMetadata([HttpMethods.Get])).AllowAnonymous();

    /// <summary>Keeps others out, and everything else off the metrics' own port. Before routing, since no user is behind a scraper.</summary>
    public static void UseMetricsGate(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<IOptions<MetricsSettings>>().Value;
        if (settings is { Port: null, Token: null })
        {
            return;
        }

        var expected = settings.Token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes($"Bearer {settings.Token}"));
        app.Use(
            (context, next) =>
            {
                var isMetrics = context.Request.Path.StartsWithSegments(Path);
                var isMetricsPort = context.Connection.LocalPort == settings.Port;
                if (settings.Port is not null && isMetrics != isMetricsPort)
                {
                    return ProblemWriter.WriteAsync(
                        context,
                        isMetricsPort
                            ? new Problem(404, ErrorCodes.NotFound, "Only /metrics is served on this port.")
                            : Problem.Unauthorized()
                    );
                }

                return isMetrics && expected is not null && !IsSent(context.Request, expected)
                    ? ProblemWriter.WriteAsync(context, Problem.Unauthorized())
                    : next(context);
            }
        );
    }

    private static bool IsSent(HttpRequest request, byte[] expected) =>
        CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString())),
            expected
        );

    // Added to whatever way the other addresses are configured in, since an explicit Listen would replace those.
    private static void ListenAlsoOn(this WebApplicationBuilder builder, string port)
    {
        var url = $"http://*:{port}";
        if (builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            builder.Configuration["Kestrel:Endpoints:Metrics:Url"] = url;
            return;
        }

        var ports = Urls("http", builder.Configuration["http_ports"]).Concat(Urls("https", builder.Configuration["https_ports"]));
        var urls = builder.Configuration["urls"] ?? string.Join(';', ports);
        builder.WebHost.UseUrls([.. (urls.Length == 0 ? "http://localhost:5000" : urls).Split(';'), url]);
    }

    private static IEnumerable<string> Urls(string scheme, string? ports) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"{scheme}://*:{port}");
}
