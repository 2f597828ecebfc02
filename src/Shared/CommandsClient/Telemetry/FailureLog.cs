namespace NetPilot.CommandsClient.Telemetry;

/// <summary>Says each kind of failure at most once in ten seconds, with the number of those left unsaid: a storm is one line, not a thousand.</summary>
internal sealed partial class FailureLog(TimeProvider time, ILogger<FailureLog> logger)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);
    private const int MaxKinds = 4096;

    private readonly ConcurrentDictionary<Kind, Said> _said = new();

    public void Write(CommandsCall call, CommandsFailure failure, TimeSpan duration)
    {
        // A session that ended, or a router that was given up, is nothing to warn of.
        if (failure.Kind is CommandsFailureKind.SessionEnded or CommandsFailureKind.RouterGone || !logger.IsEnabled(LogLevel.Warning))
        {
            return;
        }

        // An absent Commands-Server fails all routers alike.
        var router = failure.Kind is CommandsFailureKind.Unavailable ? null : call.RouterId;
        if (MaySay(new Kind(call.Operation, failure.Code, router), out var unsaid))
        {
            LogFailed(
                logger,
                call.Operation,
                call.RouterId,
                failure.Code,
                failure.Effect,
                failure.UpstreamCode,
                failure.Detail,
                duration.TotalMilliseconds,
                unsaid
            );
        }
    }

    private bool MaySay(Kind kind, out int unsaid)
    {
        var now = time.GetTimestamp();
        _said.Sweep(MaxKinds, said => said.IsOver(time, now));
        return _said.GetOrAdd(kind, _ => new Said()).MaySay(time, now, out unsaid);
    }

    private readonly record struct Kind(CommandsOperation Operation, string Code, string? RouterId);

    private sealed class Said
    {
        private readonly Lock _lock = new();
        private long? _at;
        private int _unsaid;

        public bool IsOver(TimeProvider time, long now)
        {
            lock (_lock)
            {
                return _at is { } at && time.GetElapsedTime(at, now) >= Silence;
            }
        }

        public bool MaySay(TimeProvider time, long now, out int unsaid)
        {
            lock (_lock)
            {
                unsaid = _unsaid;
                if (_at is { } at && time.GetElapsedTime(at, now) < Silence)
                {
                    _unsaid++;
                    return false;
                }

                _at = now;
                _unsaid = 0;
                return true;
            }
        }
    }

    [LoggerMessage(
        LogLevel.Warning,
        "{Operation} on router {RouterId} failed: {Code}, effect {Effect}, upstream {UpstreamCode}: {Detail} ({DurationMs:0} ms; {Suppressed} more like it unsaid)"
    )]
    private static partial void LogFailed(
        ILogger logger,
        CommandsOperation operation,
        string? routerId,
        string code,
        CommandEffect effect,
        string? upstreamCode,
        string detail,
        double durationMs,
        int suppressed
    );
}
