namespace NetPilot.Blacklist.Lifecycle;

/// <summary>When a row is looked at, and how soon what failed is tried again.</summary>
internal sealed class RulePacing(TimeSpan commandTimeout, BlacklistOptions intervals, Func<double> random)
{
    /// <summary>How long the server goes on by itself before it gives up.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);

    public TimeSpan CommandTimeout => commandTimeout;

    public TimeSpan SettleInterval => intervals.SettleInterval;

    /// <summary>When a crash between the intent and the outcome is looked into: not before the command's own time, and the lease's margin, are over.</summary>
    public DateTimeOffset AfterLease(DateTimeOffset now) => now + commandTimeout + TimeSpan.FromSeconds(5);

    /// <summary>When a check of a router that was begun now is surely over: three lists, a scan, and what is sent then.</summary>
    public DateTimeOffset AfterCheck(DateTimeOffset now) => now + (5 * commandTimeout) + TimeSpan.FromSeconds(15);

    /// <summary>Later than any look that is put off now.</summary>
    public DateTimeOffset LatestLook(DateTimeOffset now) => AfterLease(now) + (1.1 * LongestBackoff) + SettleInterval + Clock.Slack;

    /// <summary>Later than any check that is put off now.</summary>
    public DateTimeOffset LatestCheck(DateTimeOffset now) => AfterCheck(now) + (1.1 * intervals.DriftCheckInterval) + Clock.Slack;

    /// <summary>When a router that had no rule yet is compared with its rows: spread over the interval from the first time on.</summary>
    public DateTimeOffset FirstCheck(DateTimeOffset now) => now + (intervals.DriftCheckInterval * random());

    /// <summary>
    /// How long after a check the next one is made. Somebody may have asked for one that failed: it is made again soon, unless the router has been
    /// away for long.
    /// </summary>
    public TimeSpan NextCheck(OwnedRouter router, bool wasMade, DateTimeOffset now) =>
        !wasMade && router.LastSeenAt > now - intervals.DriftCheckInterval
            ? intervals.DriftCheckInterval / 10
            : intervals.DriftCheckInterval;

    /// <summary>How long to wait after so many failed attempts.</summary>
    public TimeSpan Backoff(int attempts) =>
        Jittered(attempts >= 9 ? LongestBackoff : TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, FirstBackoff.Ticks << attempts)));

    /// <summary>
    /// When a rule is looked at again that is under way. What is to be put in force is looked at by the time that nothing keeps it any more: the
    /// router may hold it then.
    /// </summary>
    public DateTimeOffset NextLook(Rule rule, DateTimeOffset now)
    {
        var next = now + Backoff(rule.Attempts);
        return rule.State != RuleState.Lifting && rule.KeptUntil is { } end && end > now && end < next ? end : next;
    }

    /// <summary>
    /// How long to wait for a lift that the router did not refuse. A rule that nothing keeps is to go as soon as the router answers again: it is tried
    /// often at first, then every tenth of the time that it is late.
    /// </summary>
    public TimeSpan LiftRetry(Rule rule, DateTimeOffset now) =>
        rule.UnkeptSince(now) is { } since
            ? Jittered(Clamp((now - since) / 10, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)))
            : Backoff(rule.Attempts);

    /// <summary>How long to wait before a lift is tried again. What the router refused is not repeated soon.</summary>
    public TimeSpan LiftPause(Rule rule, DateTimeOffset now, bool refused) => refused ? Backoff(rule.Attempts) : LiftRetry(rule, now);

    // Within a tenth above, so that routers which went away together do not come back together; never below the promised time.
    private TimeSpan Jittered(TimeSpan value) => value * (1 + (0.1 * random()));

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) =>
        value < least ? least
        : value > most ? most
        : value;
}
