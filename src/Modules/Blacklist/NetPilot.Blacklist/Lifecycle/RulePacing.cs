namespace NetPilot.Blacklist.Lifecycle;

/// <summary>When a row is looked at, and how soon what failed is tried again.</summary>
internal sealed class RulePacing(TimeSpan commandTimeout, BlacklistOptions intervals, Func<double> random)
{
    /// <summary>How long the server goes on by itself before it gives up.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongAway = TimeSpan.FromDays(1);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(30);
    private static readonly TimeSpan RareCheckInterval = TimeSpan.FromHours(6);

    // How late what is wanted at a certain time may be, once the router or the device is back.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    // The pause after so many attempts would be longer than that.
    private const int AttemptsOfLongestDelay = 5;

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

    /// <summary>
    /// Whether a router is compared with its rows when its time comes, which is once in an interval. One that has been away for more than a day is asked
    /// every six hours, for thirty days: it can come back without its rules, and without anybody who sends it a command.
    /// </summary>
    public bool Checks(OwnedRouter router, DateTimeOffset now)
    {
        var away = now - (router.LastSeenAt ?? router.ClaimedAt);
        // Times of checks are at most this far apart, so that one of them comes within it.
        var atMost = (1.1 * intervals.DriftCheckInterval) + TimeSpan.FromSeconds(30);
        return away < LongAway || (away < GivenUpAfter && away.Ticks % RareCheckInterval.Ticks < atMost.Ticks);
    }

    /// <summary>How long to wait after so many failed attempts.</summary>
    public TimeSpan Backoff(int attempts) =>
        Jittered(attempts >= 9 ? LongestBackoff : TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, FirstBackoff.Ticks << attempts)));

    /// <summary>
    /// When a rule is looked at again that is under way. What is to be put in force is looked at by the time that nothing keeps it any more: the
    /// router may hold it then. What a pause or a schedule holds is to be in force soon after it can be: pauses grow to five minutes for it, and to
    /// an hour only where the router refused it.
    /// </summary>
    public NextLook NextLook(Rule rule, DateTimeOffset now, bool refused)
    {
        var isLifting = rule.State == RuleState.Lifting;
        var isSoon = !isLifting && !refused && rule.HeldUntil > now && rule.Attempts >= AttemptsOfLongestDelay;
        var next = isSoon ? NextOf(rule.RouterId, now) : now + Backoff(rule.Attempts);
        return new NextLook(
            !isLifting && rule.KeptUntil is { } end && end > now && end < next ? end : next,
            // However long the device was away, the first refusal is not followed by the longest pause.
            isSoon ? rule.Attempts : rule.Attempts + 1
        );
    }

    /// <summary>
    /// How long to wait before a lift is tried again. What the router refused is not repeated soon. Else the rule is to go as soon as the router
    /// answers, or the device is back: it is tried often at first, then every tenth of the time that it is late.
    /// </summary>
    /// <param name="rule">The row.</param>
    /// <param name="now">The time.</param>
    /// <param name="obstacle">Why the rule was not lifted.</param>
    /// <param name="isNew">Whether the attempt before this one came to something else.</param>
    public TimeSpan LiftPause(Rule rule, DateTimeOffset now, LiftObstacle obstacle, bool isNew)
    {
        var late = now - (rule.UnkeptSince(now) ?? rule.LetThroughAt ?? rule.CreatedAt);
        return obstacle switch
        {
            LiftObstacle.Refused => Backoff(rule.Attempts),
            // It may be a MAC that nobody uses any more. A scan that a user asks for makes the row due.
            LiftObstacle.DeviceAway when late > LongAway && !isNew => Jittered(LongestBackoff),
            LiftObstacle.DeviceAway => Jittered(Clamp(late / 10, FirstBackoff, LongestDelay / 1.1)),
            _ => Jittered(Clamp(late / 10, TimeSpan.FromSeconds(1), LongestDelay / 1.1)),
        };
    }

    /// <summary>
    /// How long to wait after a look that failed, before the next one at a row whose command may have been sent: a tenth of the time since that was
    /// wanted, from about <see cref="SettleInterval"/> to five minutes.
    /// </summary>
    public TimeSpan LookPause(Rule rule, DateTimeOffset now)
    {
        var since =
            rule.GiveUpAt - GiveUpAfter
            ?? (rule.State == RuleState.Lifting ? rule.UnkeptSince(now) ?? rule.LetThroughAt : null)
            ?? rule.CreatedAt;
        var (least, most) = (SettleInterval * 0.9, LongestDelay / 1.1);
        return Clamp((now - since) / 10, least, least < most ? most : least);
    }

    /// <summary>
    /// The rows of a router are due at the same times, so that one list and one scan are for them all; those of other routers are due at others.
    /// </summary>
    private static DateTimeOffset NextOf(string routerId, DateTimeOffset now)
    {
        var offset = routerId.Aggregate(0, (sum, letter) => ((31 * sum) + letter) % (int)LongestDelay.TotalSeconds);
        return now.AddTicks(LongestDelay.Ticks - ((now.UtcTicks + TimeSpan.FromSeconds(offset).Ticks) % LongestDelay.Ticks));
    }

    // Within a tenth above, so that routers which went away together do not come back together; never below the promised time.
    private TimeSpan Jittered(TimeSpan value) => value * (1 + (0.1 * random()));

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) =>
        TimeSpan.FromTicks(Math.Clamp(value.Ticks, least.Ticks, most.Ticks));
}

/// <summary>When a rule is looked at next, and how many attempts it counts then.</summary>
internal readonly record struct NextLook(DateTimeOffset At, int Attempts);

/// <summary>Why a rule was not lifted.</summary>
internal enum LiftObstacle
{
    /// <summary>The router could not be asked.</summary>
    RouterAway,

    /// <summary>The router answered, and found no such device: it did nothing.</summary>
    DeviceAway,

    /// <summary>The router refused, and may have restarted its firewall for it.</summary>
    Refused,
}

/// <summary>Who wants a rule lifted.</summary>
/// <param name="IsServer">Whether it is the server by itself, whose attempts make its pauses longer.</param>
/// <param name="Awaits">Whether a user waits for the first attempt, so that the rule stays in force where that fails.</param>
internal readonly record struct LiftAsker(bool IsServer, bool Awaits)
{
    public static LiftAsker Server { get; } = new(IsServer: true, Awaits: false);

    public static LiftAsker User { get; } = new(IsServer: false, Awaits: true);
}
