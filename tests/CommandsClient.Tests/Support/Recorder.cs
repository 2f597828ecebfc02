using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace NetPilot.CommandsClient.Tests.Support;

/// <summary>Listens to everything that the process says of itself: log lines, spans, diagnostic events, event sources.</summary>
internal sealed class Recorder : ILoggerProvider, IObserver<DiagnosticListener>
{
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly ActivityListener _activities;
    private readonly IDisposable _diagnostics;
    private readonly List<IDisposable> _subscriptions = [];
    private readonly HttpEvents _events;

    public Recorder()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
                Hear(
                    $"span {activity.DisplayName} {activity.Status} {activity.StatusDescription} "
                        + string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))
                        + string.Join(' ', activity.Events.SelectMany(e => e.Tags).Select(tag => $"{tag.Key}={tag.Value}"))
                        + string.Join(' ', activity.Baggage.Select(item => $"{item.Key}={item.Value}"))
                ),
        };
        ActivitySource.AddActivityListener(_activities);
        _diagnostics = DiagnosticListener.AllListeners.Subscribe(this);
        _events = new HttpEvents(Hear);
    }

    public IEnumerable<string> Heard => _heard;

    public IEnumerable<string> Lines => _heard.Where(line => line.StartsWith("log ", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void OnNext(DiagnosticListener value)
    {
        lock (_subscriptions)
        {
            _subscriptions.Add(value.Subscribe(new Observer<KeyValuePair<string, object?>>(e => Hear($"diagnostic {e.Key} {e.Value}"))));
        }
    }

    public void OnCompleted() { }

    public void OnError(Exception error) { }

    public void Dispose()
    {
        _events.Dispose();
        _diagnostics.Dispose();
        _activities.Dispose();
        lock (_subscriptions)
        {
            _subscriptions.ForEach(subscription => subscription.Dispose());
        }
    }

    private void Hear(string line) => _heard.Enqueue(line);

    private sealed class Logger(Recorder recorder, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            recorder.Hear($"scope {category} {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => recorder.Hear($"log {logLevel} {category} {formatter(state, exception)} {exception}");
    }

    private sealed class Observer<T>(Action<T> hear) : IObserver<T>
    {
        public void OnCompleted() { }

        public void OnError(Exception error) { }

        public void OnNext(T value) => hear(value);
    }

    private sealed class HttpEvents : EventListener
    {
        private readonly Action<string> _hear;

        public HttpEvents(Action<string> hear)
        {
            _hear = hear;
            foreach (var source in EventSource.GetSources())
            {
                Listen(source);
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource) => Listen(eventSource);

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            _hear?.Invoke($"event {eventData.EventName} {string.Join(' ', eventData.Payload ?? [])}");

        private void Listen(EventSource source)
        {
            if (source.Name is "System.Net.Http" or "System.Net.Sockets" or "System.Net.NameResolution")
            {
                EnableEvents(source, EventLevel.Verbose, EventKeywords.All);
            }
        }
    }
}

/// <summary>Collects what one meter measures.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Instrument, double Value, string Tags)> _taken = new();

    public Measurements(IMeterFactory factory)
    {
        // Other tests measure at the same time: only this client's meter counts.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == CommandsInstrumentation.MeterName && instrument.Meter.Scope == factory)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Take(i, value, tags));
        _listener.Start();
    }

    public IReadOnlyCollection<(string Instrument, double Value, string Tags)> Taken => _taken;

    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _taken.Enqueue((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
}
