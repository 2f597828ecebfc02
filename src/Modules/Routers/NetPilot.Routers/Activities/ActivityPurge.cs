using NetPilot.Persistence.Data.Statements;

namespace NetPilot.Routers.Activities;

/// <summary>
/// Forgets activity that is older than <c>Activity:Retention</c>, counts of refused claims that no longer count, and replicas that died while
/// they waited for a turn, some rows at a time.
/// </summary>
internal sealed class ActivityPurge(
    NpgsqlDataSource database,
    IOptions<ActivityOptions> options,
    TimeProvider time,
    ILogger<ActivityPurge> logger
) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 5000;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefusalsCount = TimeSpan.FromHours(1);
    private static readonly TimeSpan WaitersCount = TimeSpan.FromHours(1);

    // Often enough that nothing is kept for much longer than was asked.
    protected override TimeSpan Interval
    {
        get
        {
            var tenth = options.Value.Retention / 10;
            return tenth > LongestInterval ? LongestInterval
                : tenth < ShortestInterval ? ShortestInterval
                : tenth;
        }
    }

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.UtcNow();
        return await PurgeAsync("router_commands", "started_at", now - options.Value.Retention, cancellationToken)
            | await PurgeAsync("claim_refusals", "last_refused_at", now - RefusalsCount, cancellationToken)
            | await PurgeAsync("router_turn_waiters", "seen_at", now - WaitersCount, cancellationToken);
    }

    private Task<bool> PurgeAsync(string table, string column, DateTimeOffset before, CancellationToken cancellationToken) =>
        PurgeRows.ExecuteAsync(database, $"{RoutersDbContext.Schema}.{table}", column, before, AtOnce, cancellationToken);
}
