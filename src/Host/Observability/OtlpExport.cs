using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using OpenTelemetry;

namespace NetPilot.Host.Observability;

/// <summary>The addresses that traces and metrics are exported to. OpenTelemetry takes its default in place of one that is none.</summary>
internal static class OtlpEndpoints
{
    public const string Key = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Keys = [Key, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    public static bool AreSet(IConfiguration configuration) => !string.IsNullOrWhiteSpace(configuration[Key]);

    /// <exception cref="SettingsException">One is no address.</exception>
    public static void Validate(IConfiguration configuration)
    {
        foreach (var key in Keys)
        {
            if (
                configuration[key] is { } value
                && !string.IsNullOrWhiteSpace(value)
                && !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0)
            )
            {
                throw new SettingsException($"{key} has \"{value}\", which is no address, such as http://127.0.0.1:4317.");
            }
        }
    }
}

/// <summary>
/// Tells once for each endpoint that exports do not reach it, and once that they do again. OpenTelemetry itself tells it with each export, and to
/// event listeners alone.
/// </summary>
internal sealed partial class ExportWatch(ILogger<ExportWatch> logger) : EventListener, IHostedService
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";
    private const string Success = "ExportSuccess";

    // Others are about single values of a span.
    private static readonly HashSet<string> Failures =
    [
        "FailedToReachCollector",
        "ExportFailure",
        "GrpcStatusWarning",
        "HttpRequestFailed",
        "OperationUnexpectedlyCanceled",
        "RequestTimedOut",
        "TransientHttpError",
    ];

    // Traces and metrics have endpoints of their own, of which one may be refused.
    private readonly ConcurrentDictionary<string, bool> failing = new();

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Exporter)
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var isFailure = Failures.Contains(eventData.EventName ?? "");
        if (!isFailure && eventData.EventName != Success)
        {
            return;
        }

        var endpoint = eventData.Payload?.FirstOrDefault()?.ToString() ?? "";
        if (isFailure && failing.TryAdd(endpoint, true))
        {
            LogFails(logger, endpoint, Reason(eventData));
        }
        else if (!isFailure && failing.TryRemove(endpoint, out _))
        {
            LogSucceeds(logger, endpoint);
        }
    }

    // The exception is the last of the payload, as text with its stack.
    private static string Reason(EventWrittenEventArgs eventData) =>
        eventData.Payload is { Count: > 1 } payload ? payload[^1]?.ToString()?.Split('\n')[0].Trim() ?? "" : "";

    [LoggerMessage(
        LogLevel.Warning,
        "Traces or metrics do not reach {Endpoint} (OTEL_EXPORTER_OTLP_ENDPOINT), and are lost meanwhile: {Reason}"
    )]
    private static partial void LogFails(ILogger logger, string endpoint, string reason);

    [LoggerMessage(LogLevel.Information, "Traces or metrics reach {Endpoint} again")]
    private static partial void LogSucceeds(ILogger logger, string endpoint);
}

/// <summary>
/// Drops statements that belong to no request and to no command: the workers look for due work each second, and each look would be a trace.
/// </summary>
internal sealed class LoneStatements : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (data.Parent is null && data.ParentSpanId == default && data.Source.Name == "Npgsql")
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
