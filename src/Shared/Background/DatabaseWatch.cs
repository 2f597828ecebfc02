using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Background;

/// <summary>
/// Looks at PostgreSQL every few seconds, every second while it is not available, and at once when somebody met a failure. Keeps
/// <see cref="DatabaseClock"/> by its clock, where that is the application's time.
/// </summary>
internal sealed class DatabaseWatch : PeriodicWorker
{
    private static readonly TimeSpan LongestSample = TimeSpan.FromSeconds(2);

    private readonly DatabaseHealth health;
    private readonly DatabaseClock? clock;

    // By the machine's timer: a test's clock that stands still is no reason not to look.
    public DatabaseWatch(
        DatabaseHealth health,
        TimeProvider time,
        [FromKeyedServices(DatabaseClock.Machine)] TimeProvider machine,
        ILogger<DatabaseWatch> logger
    )
        : base(machine, logger)
    {
        this.health = health;
        clock = time as DatabaseClock;
        health.LookIsDue = Nudge;
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(health.State == DatabaseState.Available ? 5 : 1);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await health.LookAsync(cancellationToken) != DatabaseState.Away && clock is not null)
        {
            await SampleAsync(clock, cancellationToken);
        }

        return false;
    }

    private static async Task SampleAsync(DatabaseClock clock, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestSample);
        try
        {
            await clock.SampleAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Others hold all connections of the pool. The clock goes on by what it knows, and the next look is not to wait for that.
        }
    }
}
