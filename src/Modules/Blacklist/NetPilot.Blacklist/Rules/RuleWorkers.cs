using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>Settles what a crash, a timeout or a lost answer left open, and tries again what the server does by itself.</summary>
internal sealed class SettleWorker(
    RuleStore store,
    RuleMaintenance maintenance,
    IOptions<BlacklistOptions> options,
    TimeProvider time,
    ILogger<SettleWorker> logger
) : PeriodicWorker(time, logger)
{
    private readonly TimeProvider clock = time;

    protected override TimeSpan Interval => options.Value.SettleInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = clock.UtcNow();
        var claims = new List<(RuleKind, DueRules)>();
        foreach (var kind in RuleKind.All)
        {
            var room = maintenance.FreePlaces - claims.Count;
            if (room > 0)
            {
                var due = await store.ClaimDueAsync(kind, now, maintenance.ClaimUntil(now), room, cancellationToken);
                claims.AddRange(due.Select(rows => (kind, rows)));
            }
        }

        await maintenance.StartAsync(claims, RouterActivityKind.Settle, Nudge, cancellationToken);
        return claims.Count > 0 && maintenance.FreePlaces > 0;
    }
}

/// <summary>Lifts blocks whose time is over.</summary>
internal sealed class ExpiryWorker(
    RuleStore store,
    RuleMaintenance maintenance,
    IOptions<BlacklistOptions> options,
    TimeProvider time,
    ILogger<ExpiryWorker> logger
) : PeriodicWorker(time, logger)
{
    private readonly TimeProvider clock = time;

    protected override TimeSpan Interval => options.Value.ExpiryInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (maintenance.FreePlaces <= 0)
        {
            return false;
        }

        var now = clock.UtcNow();
        var until = maintenance.ClaimUntil(now);
        var due = await store.ClaimExpiredAsync(RuleKind.Block, now, until, maintenance.FreePlaces, cancellationToken);
        await maintenance.StartAsync(
            due.Select(rows => (RuleKind.Block, rows)).ToArray(),
            RouterActivityKind.Settle,
            Nudge,
            cancellationToken
        );
        return due.Count > 0 && maintenance.FreePlaces > 0;
    }
}

/// <summary>Compares rows and router now and then, spread over the interval, for routers that were seen in the last day.</summary>
internal sealed class DriftWorker(
    RuleStore store,
    RuleMaintenance maintenance,
    IRouterOwnership ownership,
    IOptions<BlacklistOptions> options,
    TimeProvider time,
    ILogger<DriftWorker> logger
) : PeriodicWorker(time, logger)
{
    private static readonly TimeSpan SeenLately = TimeSpan.FromDays(1);
    private readonly TimeProvider clock = time;

    // Looks often, so that the checks stay as spread over their interval as they were put.
    protected override TimeSpan Interval =>
        options.Value.DriftCheckInterval / 10 < TimeSpan.FromSeconds(5) ? options.Value.DriftCheckInterval / 10 : TimeSpan.FromSeconds(5);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (maintenance.FreePlaces <= 0)
        {
            return false;
        }

        var now = clock.UtcNow();
        var due = await store.ClaimChecksAsync(now, options.Value.DriftCheckInterval, maintenance.FreePlaces, cancellationToken);
        if (due.Count == 0)
        {
            return false;
        }

        var owners = await ownership.FindOwnersAsync(due.Select(check => check.RouterId).ToArray(), cancellationToken);
        var checks = due.Where(check =>
                !owners.TryGetValue(check.RouterId, out var owner) || owner.UserId != check.UserId || owner.LastSeenAt > now - SeenLately
            )
            .SelectMany(check => RuleKind.All.Select(kind => (kind, check)))
            .ToArray();
        await maintenance.StartAsync(checks, RouterActivityKind.Drift, Nudge, cancellationToken);
        return maintenance.FreePlaces > 0;
    }
}
