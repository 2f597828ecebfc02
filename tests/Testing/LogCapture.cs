using System.Collections.Concurrent;
using System.Globalization;
using Serilog.Core;
using Serilog.Events;

namespace NetPilot.Testing;

/// <summary>Keeps every log event as the line that the console would show, with its properties and its exception.</summary>
public sealed class LogCapture : ILogEventSink
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyCollection<LogLine> Lines => _lines;

    /// <summary>The lines that contain a text anywhere: message, properties or exception.</summary>
    public IEnumerable<LogLine> Containing(string text) => _lines.Where(line => line.Everything.Contains(text, StringComparison.Ordinal));

    /// <summary>The first line that fits; a request's own line comes a moment after its answer.</summary>
    public async Task<LogLine> WaitForAsync(Func<LogLine, bool> fits, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Eventually.Patience);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            if (_lines.FirstOrDefault(fits) is { } line)
            {
                return line;
            }

            await look.WaitForNextTickAsync(limit.Token);
        }
    }

    void ILogEventSink.Emit(LogEvent logEvent)
    {
        var properties = logEvent.Properties.ToDictionary(
            property => property.Key,
            property => property.Value is ScalarValue scalar ? scalar.Value : property.Value.ToString()
        );
        _lines.Enqueue(new LogLine(logEvent.Level, logEvent.RenderMessage(CultureInfo.InvariantCulture), properties, logEvent.Exception));
    }
}

public sealed record LogLine(LogEventLevel Level, string Message, IReadOnlyDictionary<string, object?> Properties, Exception? Exception)
{
    public string Everything => $"{Level} {Message} {string.Join(' ', Properties.Select(p => $"{p.Key}={p.Value}"))} {Exception}";

    public override string ToString() => Everything;
}
