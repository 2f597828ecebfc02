namespace NetPilot.Blacklist.Settling;

/// <summary>Claims rows and has them compared with their routers.</summary>
internal abstract class RuleWorker(RuleMaintenance maintenance, TimeProvider time, ILogger logger) : PeriodicWorker(time, logger)
{
    private readonly TimeProvider clock = time;

    protected virtual RouterActivityKind Asked => RouterActivityKind.Settle;

    protected sealed override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (maintenance.FreePlaces <= 0)
        {
            return false;
        }

        var claims = await ClaimAsync(maintenance.TermsOf(clock.UtcNow()), cancellationToken);
        await maintenance.StartAsync(claims, Asked, Nudge, cancellationToken);
        return claims.Count > 0 && maintenance.FreePlaces > 0;
    }

    /// <summary>Claims what is due; nothing where there is nothing left.</summary>
    protected abstract Task<IReadOnlyList<DueRules>> ClaimAsync(ClaimTerms terms, CancellationToken cancellationToken);
}

/// <summary>Settles what a crash, a timeout or a lost answer left open, and tries again what the server does by itself.</summary>
internal sealed class SettleWorker : RuleWorker
{
    private readonly RuleStore store;
    private readonly IOptions<BlacklistOptions> options;

    public SettleWorker(
        RuleStore store,
        RuleMaintenance maintenance,
        RuleSignals signals,
        IOptions<BlacklistOptions> options,
        TimeProvider time,
        ILogger<SettleWorker> logger
    )
        : base(maintenance, time, logger)
    {
        (this.store, this.options) = (store, options);
        signals.BecameDue += Nudge;
    }

    protected override TimeSpan Interval => options.Value.SettleInterval;

    protected override async Task<IReadOnlyList<DueRules>> ClaimAsync(ClaimTerms terms, CancellationToken cancellationToken)
    {
        var claims = new List<DueRules>();
        foreach (var kind in RuleKind.All.TakeWhile(_ => claims.Count < terms.Limit))
        {
            claims.AddRange(await store.ClaimDueAsync(kind, terms with { Limit = terms.Limit - claims.Count }, cancellationToken));
        }

        return claims;
    }
}

/// <summary>Lifts blocks whose time is over.</summary>
internal sealed class ExpiryWorker(
    RuleStore store,
    IHoldSources sources,
    RuleMaintenance maintenance,
    IOptions<BlacklistOptions> options,
    TimeProvider time,
    ILogger<ExpiryWorker> logger
) : RuleWorker(maintenance, time, logger)
{
    protected override TimeSpan Interval => options.Value.ExpiryInterval;

    protected override async Task<IReadOnlyList<DueRules>> ClaimAsync(ClaimTerms terms, CancellationToken cancellationToken) =>
        await store.ClaimExpiredAsync(terms, await sources.FindDueAsync(terms.Now, cancellationToken), cancellationToken);
}

/// <summary>Compares rows and router now and then, spread over the interval. Routers that have been away for long are asked less often.</summary>
internal sealed class DriftWorker(
    RuleStore store,
    RuleMaintenance maintenance,
    IRouterOwnership ownership,
    RulePacing pacing,
    IOptions<BlacklistOptions> options,
    TimeProvider time,
    ILogger<DriftWorker> logger
) : RuleWorker(maintenance, time, logger)
{
    // Looks often, so that the checks stay as spread over their interval as they were put.
    protected override TimeSpan Interval =>
        options.Value.DriftCheckInterval / 10 < TimeSpan.FromSeconds(5) ? options.Value.DriftCheckInterval / 10 : TimeSpan.FromSeconds(5);

    protected override RouterActivityKind Asked => RouterActivityKind.Drift;

    protected override async Task<IReadOnlyList<DueRules>> ClaimAsync(ClaimTerms terms, CancellationToken cancellationToken)
    {
        var until = pacing.AfterCheck(terms.Now).ToMicroseconds();
        var checks = terms with { Until = until, Latest = pacing.LatestCheck(terms.Now) };
        while (await store.ClaimChecksAsync(checks, cancellationToken) is { Count: > 0 } due)
        {
            var owners = await ownership.FindOwnersAsync([.. due.Select(check => check.RouterId)], cancellationToken);
            var wanted = due.ToLookup(check =>
                owners.GetValueOrDefault(check.RouterId) is not { } owner || owner.UserId != check.UserId || pacing.Checks(owner, terms.Now)
            );
            if (wanted.Contains(false))
            {
                await store.FinishChecksAsync([.. wanted[false]], until, terms.Now, options.Value.DriftCheckInterval);
            }

            if (wanted.Contains(true))
            {
                return
                [
                    .. from check in wanted[true]
                    from kind in RuleKind.All
                    select new DueRules(kind, check.UserId, check.RouterId, [], until),
                ];
            }
        }

        return [];
    }
}
