using System.Diagnostics;
using NetPilot.Host.Health;
using NetPilot.Identity.Contracts;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;
using Serilog.Settings.Configuration;

namespace NetPilot.Host.Observability;

/// <summary>
/// Logs on the console: lines for a person, or one JSON object per line. Unless it is said, the former in Development and the latter elsewhere.
/// </summary>
internal static class Logging
{
    private const string ConsoleLevel = "Serilog:ConsoleLevel";
    private const string ConsoleFormat = "Serilog:ConsoleFormat";

    /// <summary>A command's answer stands alone on the console, unless something is wrong.</summary>
    public static void QuietenForCommandLine(this WebApplicationBuilder builder) =>
        builder.Configuration[ConsoleLevel] = nameof(LogEventLevel.Warning);

    /// <summary>A line is one write. The console's own writer holds 256 characters, so that a line took three.</summary>
    public static void WriteLinesWhole() =>
        Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), bufferSize: 8192) { AutoFlush = true });

    public static void AddLogging(this WebApplicationBuilder builder)
    {
        var isText = WritesText(builder);
        builder.Logging.ClearProviders();
        builder.Services.AddSerilog(
            (services, logger) =>
            {
                logger
                    // Named: a search would look through all assemblies at each start, and find no other with sinks.
                    .ReadFrom.Configuration(
                        builder.Configuration,
                        new ConfigurationReaderOptions(typeof(ConsoleLoggerConfigurationExtensions).Assembly)
                    )
                    .ReadFrom.Services(services)
                    .Enrich.FromLogContext()
                    .Enrich.With(new RequestEnricher(services.GetRequiredService<IHttpContextAccessor>()))
                    .Filter.ByExcluding(SaysTooMuch);
                var level = builder.Configuration.GetValue(ConsoleLevel, LevelAlias.Minimum);
                if (isText)
                {
                    logger.WriteTo.Console(
                        level,
                        "{Timestamp:HH:mm:ss} {Level:u3} {SourceContext}: {Message:lj} {traceId}{NewLine}{Exception}",
                        System.Globalization.CultureInfo.InvariantCulture
                    );
                }
                else
                {
                    logger.WriteTo.Console(new RenderedCompactJsonFormatter(), level);
                }
            },
            preserveStaticLogger: true
        );
    }

    private static bool WritesText(WebApplicationBuilder builder) =>
        builder.Configuration[ConsoleFormat]?.ToUpperInvariant() switch
        {
            null or "" => builder.Environment.IsDevelopment(),
            "TEXT" => true,
            "JSON" => false,
            _ => throw new SettingsException($"{ConsoleFormat} must be json or text."),
        };

    public static void UseRequestLogging(this WebApplication app) =>
        app.UseSerilogRequestLogging(options =>
        {
            options.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
            options.GetLevel = (context, _, _) =>
                // A probe asks each second. What it is answered with is told once, by what finds it out.
                IsProbeOfUnready(context) ? LogEventLevel.Debug
                : context.Response.StatusCode >= 500 ? LogEventLevel.Warning
                : context.Request.Path.StartsWithSegments("/api") ? LogEventLevel.Information
                : LogEventLevel.Debug;
            options.GetMessageTemplateProperties = (context, _, elapsed, status) =>
                [
                    new LogEventProperty("RequestMethod", new ScalarValue(context.Request.Method)),
                    // With its escapes: a decoded path may hold the end of a line, and what looks like the next one.
                    new LogEventProperty("RequestPath", new ScalarValue(context.Request.Path.ToUriComponent())),
                    new LogEventProperty("StatusCode", new ScalarValue(status)),
                    new LogEventProperty("Elapsed", new ScalarValue(elapsed)),
                ];
        });

    private static bool IsProbeOfUnready(HttpContext context) =>
        context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable
        && context.Request.Path.StartsWithSegments(HealthEndpoints.Path);

    // ASP.NET's own request lines hold the query string, and are replaced by ours. "Hosting failed to start" repeats, with a stack trace,
    // what Program says in one sentence; and the workers that a failed start cancels did not fail. What authentication threw is thrown on to
    // ProblemMiddleware, which knows a client that went away, and a database that did, from an error.
    private static bool SaysTooMuch(LogEvent log) =>
        SourceOf(log) switch
        {
            "Microsoft.AspNetCore.Hosting.Diagnostics" => true,
            // Each look that finds something wrong would be a line; who finds it says it once.
            "Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService" => true,
            "Microsoft.AspNetCore.Authentication.JwtBearer.JwtBearerHandler" => log.Level >= LogEventLevel.Error,
            "Microsoft.Extensions.Hosting.Internal.Host" => log.Exception is OperationCanceledException
                || (
                    log.Properties.TryGetValue("EventId", out var id)
                    && id.ToString().Contains("HostedServiceStartupFaulted", StringComparison.Ordinal)
                ),
            _ => false,
        };

    private static string? SourceOf(LogEvent log) =>
        log.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source) && source is ScalarValue { Value: string name }
            ? name
            : null;

    /// <summary>Who asked, from where, about which router, in which trace.</summary>
    private sealed class RequestEnricher(IHttpContextAccessor accessor) : ILogEventEnricher
    {
        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
        {
            if (logEvent.TraceId is { } trace && trace != default(ActivityTraceId))
            {
                logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("traceId", trace.ToHexString()));
            }

            if (accessor.HttpContext is not { } context)
            {
                return;
            }

            if (context.Connection.RemoteIpAddress is { } address)
            {
                logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("clientAddress", ClientNetwork.Plain(address).ToString()));
            }

            if (context.Features.Get<Caller>() is { } caller)
            {
                logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("userId", caller.UserId));
            }

            if (context.Request.RouteValues.TryGetValue("routerId", out var value) && value is string { Length: <= 128 } routerId)
            {
                logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("routerId", routerId));
            }
        }
    }
}
