using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace NetPilot.Host.Observability;

/// <summary>
/// The variables that say where traces and metrics are exported to, and how: those of all signals, and those of one, which have precedence.
/// OpenTelemetry takes its default in place of one that is none, and its exporters do not read those of one signal.
/// </summary>
internal static class OtlpEndpoints
{
    public const string Traces = "TRACES_";
    public const string Metrics = "METRICS_";

    private const string AllSignals = "";
    private static readonly string[] Signals = [AllSignals, Traces, Metrics];

    /// <summary>Whether the signal is exported.</summary>
    public static bool IsSet(IConfiguration configuration, string signal) =>
        (Endpoint(configuration, signal) ?? Endpoint(configuration, AllSignals)) is not null;

    /// <summary>Sets what the variables of the signal say.</summary>
    public static void Apply(IConfiguration configuration, string signal, OtlpExporterOptions exporter)
    {
        if (Endpoint(configuration, signal) is { } endpoint)
        {
            exporter.Endpoint = new Uri(endpoint);
        }

        if (Protocol(configuration, signal) is { } protocol && ProtocolOf(protocol) is { } known)
        {
            exporter.Protocol = known;
        }

        if (Value(configuration, signal, "HEADERS") is { } headers)
        {
            exporter.Headers = headers;
        }
    }

    /// <exception cref="SettingsException">An address is none, or a protocol is not one that there is.</exception>
    public static void Validate(IConfiguration configuration)
    {
        foreach (var signal in Signals)
        {
            if (
                Endpoint(configuration, signal) is { } value
                && !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0)
            )
            {
                throw new SettingsException(
                    $"{Key(signal, "ENDPOINT")} has \"{value}\", which is no address, such as http://127.0.0.1:4317."
                );
            }

            if (Protocol(configuration, signal) is { } protocol && ProtocolOf(protocol) is null)
            {
                throw new SettingsException($"{Key(signal, "PROTOCOL")} has \"{protocol}\": it must be grpc or http/protobuf.");
            }
        }
    }

    private static OtlpExportProtocol? ProtocolOf(string value) =>
        value switch
        {
            "grpc" => OtlpExportProtocol.Grpc,
            "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
            _ => null,
        };

    private static string? Endpoint(IConfiguration configuration, string signal) => Value(configuration, signal, "ENDPOINT");

    private static string? Protocol(IConfiguration configuration, string signal) => Value(configuration, signal, "PROTOCOL");

    private static string? Value(IConfiguration configuration, string signal, string name) =>
        configuration[Key(signal, name)] is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

    private static string Key(string signal, string name) => $"OTEL_EXPORTER_OTLP_{signal}{name}";
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
        "Traces or metrics do not reach {Endpoint} (OTEL_EXPORTER_OTLP_ENDPOINT, or that of the signal), and are lost meanwhile: {Reason}"
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
