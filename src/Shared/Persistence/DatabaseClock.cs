using System.Diagnostics.Metrics;

namespace NetPilot.Persistence;

/// <summary>
/// The application's time: PostgreSQL's clock, sampled at start and every few seconds, and carried on by the machine's monotonic time in
/// between. What orders or expires is thereby the same for all replicas, whatever the machine's own clock says or does. Timers and
/// timestamps are the machine's. While PostgreSQL is away the last sample holds; before the first one the machine's clock does.
/// </summary>
public sealed partial class DatabaseClock : TimeProvider
{
    /// <summary>The key of the <see cref="TimeProvider"/> that is the machine's.</summary>
    public const string Machine = "machine";

    /// <summary>From which difference to PostgreSQL's the machine's clock is said to be wrong.</summary>
    public static readonly TimeSpan ToleratedSkew = TimeSpan.FromSeconds(5);

    // A step back of more than this is PostgreSQL's own clock having been set, and is followed at once.
    private static readonly TimeSpan LargestHold = TimeSpan.FromSeconds(1);

    private const int SamplesAtOnce = 3;
    private readonly NpgsqlDataSource database;
    private readonly TimeProvider machine;
    private readonly ILogger<DatabaseClock> logger;
    private Anchor? anchor;
    private bool isSkewed;

    public DatabaseClock(
        NpgsqlDataSource database,
        [FromKeyedServices(Machine)] TimeProvider machine,
        IMeterFactory meters,
        ILogger<DatabaseClock> logger
    )
    {
        this.database = database;
        this.machine = machine;
        this.logger = logger;
        meters
            .Create("NetPilot.Persistence")
            .CreateObservableGauge(
                "netpilot.clock.skew",
                () => Skew is { } skew ? [new Measurement<double>(skew.TotalSeconds)] : Array.Empty<Measurement<double>>(),
                "s",
                "How far the machine's clock is ahead of PostgreSQL's."
            );
    }

    /// <summary>How far the machine's clock is ahead of PostgreSQL's; null before the first sample.</summary>
    public TimeSpan? Skew => Volatile.Read(ref anchor) is { } known ? machine.GetUtcNow() - NowBy(known) : null;

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => Volatile.Read(ref anchor) is { } known ? Tell(known) : machine.GetUtcNow();

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Compares with PostgreSQL's clock. One caller at a time.</summary>
    /// <exception cref="NpgsqlException">It cannot be asked; the last sample holds.</exception>
    public async Task SampleAsync(CancellationToken cancellationToken)
    {
        var best = await ReadAsync(cancellationToken);
        var known = anchor;
        var drift = known is null ? TimeSpan.Zero : best.At - NowBy(known, best.Timestamp);
        // What the sample's own uncertainty explains is no reason to move.
        if (known is null || drift.Duration() > best.Uncertainty)
        {
            var floor = known is not null && drift > -LargestHold ? Tell(known) : DateTimeOffset.MinValue;
            Volatile.Write(ref anchor, new Anchor(best.At, best.Timestamp, floor));
        }

        TellSkew();
    }

    private async Task<Sample> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        Sample? best = null;
        for (var i = 0; i < SamplesAtOnce; i++)
        {
            var asked = machine.GetTimestamp();
            var answer = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
            var answered = machine.GetTimestamp();
            var uncertainty = machine.GetElapsedTime(asked, answered) / 2;
            if (best is null || uncertainty < best.Uncertainty)
            {
                best = new Sample(new DateTimeOffset(answer, TimeSpan.Zero) + uncertainty, answered, uncertainty);
            }
        }

        return best!;
    }

    private DateTimeOffset NowBy(Anchor known) => NowBy(known, machine.GetTimestamp());

    private DateTimeOffset NowBy(Anchor known, long timestamp) => Measured(known, timestamp) ?? known.Told;

    private DateTimeOffset Tell(Anchor known) => Measured(known, machine.GetTimestamp()) ?? known.TellNext();

    /// <summary>The time by a sample; null until it has come up to what was told already.</summary>
    private DateTimeOffset? Measured(Anchor known, long timestamp)
    {
        var now = known.At + machine.GetElapsedTime(known.Timestamp, timestamp);
        return now > known.Told ? now : null;
    }

    private void TellSkew()
    {
        var skew = Skew!.Value;
        if (skew.Duration() > ToleratedSkew == isSkewed)
        {
            return;
        }

        isSkewed = !isSkewed;
        if (isSkewed)
        {
            LogSkewed(logger, Math.Round(skew.TotalSeconds, 3));
        }
        else
        {
            LogNoLongerSkewed(logger);
        }
    }

    /// <summary>A sample. Where it is behind what was told already, time goes on by microseconds until it has come up to that.</summary>
    private sealed class Anchor(DateTimeOffset at, long timestamp, DateTimeOffset floor)
    {
        private long held;

        public DateTimeOffset At => at;

        public long Timestamp => timestamp;

        public DateTimeOffset Told => floor.AddTicks(Interlocked.Read(ref held) * TimeSpan.TicksPerMicrosecond);

        // What is made one after the other has the order of its times.
        public DateTimeOffset TellNext() => floor.AddTicks(Interlocked.Increment(ref held) * TimeSpan.TicksPerMicrosecond);
    }

    private sealed record Sample(DateTimeOffset At, long Timestamp, TimeSpan Uncertainty);

    [LoggerMessage(LogLevel.Warning, "This machine's clock differs from PostgreSQL's by {Seconds} s; PostgreSQL's is used")]
    private static partial void LogSkewed(ILogger logger, double seconds);

    [LoggerMessage(LogLevel.Information, "This machine's clock agrees with PostgreSQL's again")]
    private static partial void LogNoLongerSkewed(ILogger logger);
}
