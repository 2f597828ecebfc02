using System.Security.Cryptography;

namespace NetPilot.Host.Observability;

internal sealed class MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>A port of its own for the metrics, so that a firewall can keep strangers off them.</summary>
    public int? Port { get; set; }

    /// <summary>What a scraper must send as its bearer token.</summary>
    public string? Token { get; set; }

    /// <summary>Whether a request is for the metrics, but not on the port of their own.</summary>
    public bool AreElsewhere(HttpContext context) =>
        Port is { } port && context.Connection.LocalPort != port && context.Request.Path.StartsWithSegments(Metrics.Path);

    public IEnumerable<string> Refusals()
    {
        if (Port is < 1 or > 65535)
        {
            yield return "Metrics:Port must be between 1 and 65535.";
        }

        if (Token is not null && (Token.Length == 0 || !Token.All(letter => letter is > ' ' and <= '~')))
        {
            yield return "Metrics:Token must be one or more visible ASCII characters.";
        }
    }
}

/// <summary>
/// <c>/metrics</c> as Prometheus text: on a port of its own, or for a token. Where neither is set there are none, save in Development, where
/// they are open.
/// </summary>
internal static partial class Metrics
{
    public const string Path = "/metrics";

    // A shorter token can be guessed.
    private const int ShortestGoodToken = 16;

    public static void AddMetrics(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidated<MetricsOptions>(MetricsOptions.Section, settings => settings.Refusals());
        if (builder.Configuration.GetSection(MetricsOptions.Section)["Port"] is { Length: > 0 } port)
        {
            builder.ListenAlsoOn(port);
        }
    }

    /// <summary>Whether anybody can read the metrics here.</summary>
    public static bool ServesMetrics(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(MetricsOptions.Section);
        return builder.Environment.IsDevelopment()
            || !string.IsNullOrEmpty(section[nameof(MetricsOptions.Port)])
            || !string.IsNullOrEmpty(section[nameof(MetricsOptions.Token)]);
    }

    public static void MapMetrics(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<IOptions<MetricsOptions>>().Value;
        if (app.Environment.IsDevelopment() || settings is not { Port: null, Token: null })
        {
            app.MapPrometheusScrapingEndpoint(Path).WithMetadata(new HttpMethodMetadata([HttpMethods.Get])).AllowAnonymous();
        }
    }

    /// <summary>Keeps others out, and everything else off the metrics' own port. Before routing, since no user is behind a scraper.</summary>
    public static void UseMetricsGate(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<IOptions<MetricsOptions>>().Value;
        if (settings is { Port: null, Token: null })
        {
            if (!app.Environment.IsDevelopment())
            {
                app.Use(
                    (context, next) =>
                        context.Request.Path.StartsWithSegments(Path)
                            ? ProblemWriter.WriteAsync(context, Problem.NothingHere())
                            : next(context)
                );
            }

            return;
        }

        if (settings.Token is { Length: < ShortestGoodToken })
        {
            LogShortToken(app.Logger, ShortestGoodToken);
        }

        var expected = settings.Token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes($"Bearer {settings.Token}"));
        app.Use(
            (context, next) =>
            {
                var isMetrics = context.Request.Path.StartsWithSegments(Path);
                if (!isMetrics && context.Connection.LocalPort == settings.Port)
                {
                    return ProblemWriter.WriteAsync(context, new Problem(ErrorCodes.NotFound, "Only /metrics is served on this port."));
                }

                return isMetrics && !settings.AreElsewhere(context) && expected is not null && !IsSent(context.Request, expected)
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

    // Added to whatever way the other addresses are configured in, since an explicit Listen would replace those. On the same hosts as these:
    // what listens on loopback alone is not to tell the network its metrics.
    private static void ListenAlsoOn(this WebApplicationBuilder builder, string port)
    {
        Addresses.Validate(builder.Configuration);
        var endpoints = builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).ToArray();
        if (endpoints.Length > 0)
        {
            DemandFree(port, endpoints);
            var onTheirHosts = OnTheirHosts(endpoints, port).ToArray();
            for (var i = 0; i < onTheirHosts.Length; i++)
            {
                builder.Configuration[$"Kestrel:Endpoints:Metrics{i}:Url"] = onTheirHosts[i];
            }

            return;
        }

        var ports = Urls("http", builder.Configuration["http_ports"]).Concat(Urls("https", builder.Configuration["https_ports"]));
        var urls = builder.Configuration["urls"] is { Length: > 0 } set ? set : string.Join(';', ports);
        string[] own = (urls.Length == 0 ? "http://localhost:5000" : urls).Split(';', StringSplitOptions.RemoveEmptyEntries);
        DemandFree(port, own);
        builder.WebHost.UseUrls([.. own, .. OnTheirHosts(own, port)]);
    }

    private static void DemandFree(string port, IEnumerable<string?> urls)
    {
        if (urls.OfType<string>().FirstOrDefault(url => $"{BindingAddress.Parse(url.Trim()).Port}" == port.Trim()) is { } url)
        {
            throw new SettingsException($"Metrics:Port must be a port of its own; the API has {port} too, by {url}.");
        }
    }

    /// <summary>The metrics' addresses: the port on each host that the API listens on, on loopback where that is no host.</summary>
    internal static IEnumerable<string> OnTheirHosts(IEnumerable<string?> urls, string port) =>
        urls.OfType<string>().Select(url => $"http://{HostOf(url)}:{port}").Distinct(StringComparer.OrdinalIgnoreCase);

    private static string HostOf(string url)
    {
        var address = BindingAddress.Parse(url.Trim());
        return address.IsUnixPipe || address.IsNamedPipe || address.Host.Length == 0 ? "localhost" : address.Host;
    }

    private static IEnumerable<string> Urls(string scheme, string? ports) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"{scheme}://*:{port}");

    [LoggerMessage(LogLevel.Warning, "Metrics:Token has fewer than {Characters} characters, and may be guessed")]
    private static partial void LogShortToken(ILogger logger, int characters);
}
