using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace NetPilot.CommandsClient.Telemetry;

/// <summary>Measures and traces each operation as a whole. Session ids and what was sent are in neither.</summary>
internal sealed class CommandsTelemetry : IDisposable
{
    private static readonly ActivitySource Source = new(CommandsInstrumentation.ActivitySourceName);

    private readonly TimeProvider _time;
    private readonly FailureLog _log;
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _unreadableRules;
    private readonly string _dialect;

    public CommandsTelemetry(
        TimeProvider time,
        FailureLog log,
        IMeterFactory meters,
        Circuits circuits,
        IOptions<CommandsServerOptions> options
    )
    {
        _time = time;
        _log = log;
        _meter = meters.Create(CommandsInstrumentation.MeterName);
        _duration = _meter.CreateHistogram(
            "netpilot.commands.duration",
            "s",
            "How long calls to the Commands-Server took, mending the session and repeating included.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 35, 65],
            }
        );
        _dialect = options.Value.Dialect.ToString().ToLowerInvariant();
        _unreadableRules = _meter.CreateCounter<long>(
            "netpilot.commands.unreadable_rules",
            "{rule}",
            "Entries of routers' lists of rules that name no device."
        );
        _meter.CreateObservableGauge(
            "netpilot.commands.breaker.state",
            () => (int)circuits.Server.State,
            description: "The circuit to the Commands-Server: 0 closed, 1 half open, 2 open."
        );
    }

    public async Task<CommandsResult<T>> ObserveAsync<T>(CommandsCall call, Func<Task<CommandsResult<T>>> run)
    {
        var operation = call.Operation.ToString();
        using var activity = Source.StartActivity($"commands {operation}", ActivityKind.Client);
        activity?.SetTag("netpilot.commands.operation", operation);
        activity?.SetTag("netpilot.router.id", call.RouterId);

        var began = _time.GetTimestamp();
        var outcome = "error";
        try
        {
            var result = await run();
            outcome = result.Failure?.Code ?? "succeeded";
            if (result.Failure is { } failure)
            {
                activity?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", failure.Code);
                _log.Write(call, failure, _time.GetElapsedTime(began));
            }

            return result;
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        finally
        {
            activity?.SetTag("netpilot.commands.outcome", outcome);
            _duration.Record(_time.GetElapsedTime(began).TotalSeconds, new("operation", operation), new("outcome", outcome));
        }
    }

    /// <summary>Counts the entries of a router's list of rules that could not be read.</summary>
    public void CountUnreadable(CommandsCall call, int rules)
    {
        if (rules > 0)
        {
            _unreadableRules.Add(rules, new("operation", call.Operation.ToString()), new("dialect", _dialect));
        }
    }

    public void Dispose() => _meter.Dispose();
}
