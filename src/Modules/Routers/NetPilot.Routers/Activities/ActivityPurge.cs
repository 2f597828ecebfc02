using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.Persistence;
using NetPilot.Routers.Data.Statements;
using Npgsql;

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
    private readonly TimeProvider time = time;

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
        var now = time.UtcNow();
        var activity = await PurgeRows.OfActivityAsync(database, now - options.Value.Retention, AtOnce, cancellationToken);
        var refusals = await PurgeRows.OfClaimRefusalsAsync(database, now - RefusalsCount, AtOnce, cancellationToken);
        var waiters = await PurgeRows.OfTurnWaitersAsync(database, now - WaitersCount, AtOnce, cancellationToken);
        return activity == AtOnce || refusals == AtOnce || waiters == AtOnce;
    }
}
