namespace NetPilot.Blacklist.Lifecycle;

/// <summary>
/// What is wanted: what users, expiries and resets make of rows before the router is asked or told anything. Pure. What the router holds
/// changes in <see cref="RuleOutcomes"/>.
/// </summary>
internal sealed class RuleIntents(RulePacing pacing)
{
    /// <summary>A block whose time is over is to be lifted. Nothing was sent for that yet.</summary>
    public static RulePatch Expired { get; } = new(RuleState.InForce) { State = RuleState.Lifting, MaybeSent = false };

    /// <summary>What puts an end to a reset's mark: it surely was not done, or the rule is wanted again.</summary>
    private static Optional<long?> Unmarked => new(null);

    /// <summary>A rule that a user wants. It counts as sent at once, so that a crash needs no further write to be found.</summary>
    public Rule Wanted(RuleKey key, Guid id, RuleWords words, Guid? by, bool goesOn, DateTimeOffset now) =>
        Wanted(key, id, words, by, goesOn, now, holds: []);

    /// <summary>A block that pauses or schedules want, and nobody else.</summary>
    public Rule Wanted(RuleKey key, Guid id, IReadOnlyList<Hold> holds, DateTimeOffset now) =>
        Wanted(key, id, new RuleWords(default, default), holds[0].CreatedBy, goesOn: true, now, holds);

    /// <summary>
    /// A rule that is there already is held by one thing more. If it is being lifted because nothing kept it, it is wanted again; if a user lets
    /// the device through since the hold is there, it is lifted all the same.
    /// </summary>
    public static RulePatch Held(Rule rule, Hold hold, DateTimeOffset now) =>
        rule switch
        {
            { State: RuleState.Lifting } when HoldPlan.IsLetThrough(rule, hold) => new RulePatch(rule.State) { HeldUntil = EndOf(hold) },
            // The user who lets the device through ended the manual hold, whatever holds it next.
            { State: RuleState.Lifting } => TurnedRound(rule, now) with
            {
                HeldUntil = EndOf(hold),
                EndsManual = rule.LetThroughAt is not null,
            },
            // What a user wants is tried with growing pauses, and the hold begins now.
            { State: RuleState.Applying } when !(rule.HeldUntil > now) => WantedAgain(rule) with
            {
                HeldUntil = EndOf(hold),
                Due = new(now, DueWhere.NothingWasSent),
            },
            _ => WantedAgain(rule) with { HeldUntil = EndOf(hold) },
        };

    /// <summary>The same for several things at once: one that a user has not let through counts.</summary>
    public static RulePatch Held(Rule rule, IReadOnlyList<Hold> holds, DateTimeOffset now) =>
        Held(rule, holds.FirstOrDefault(hold => !HoldPlan.IsLetThrough(rule, hold)) ?? holds[0], now) with
        {
            HeldUntil = holds.Max(EndOf),
        };

    /// <summary>A user's attempt has come to nothing: the server's own one is neither later for that, nor are its pauses longer.</summary>
    public static RulePatch TriedForUser(Rule before) =>
        new(RuleState.Applying) { Attempts = before.Attempts, Due = before.SettleAt is { } due ? new(due, DueWhere.WaitsLonger) : null };

    /// <summary>Nothing keeps a rule any more that is still to be put in force: whether the router holds it is looked into as soon as may be.</summary>
    public static RulePatch NeverMind(DateTimeOffset now) => new(RuleState.Applying) { Due = new(now, DueWhere.NothingWasSent) };

    /// <summary>
    /// The block of a device that goes on under another MAC, as what held it under the old one wants it. It is stored in somebody else's
    /// transaction, so that nothing is sent for it yet.
    /// </summary>
    /// <param name="key">The device as it is now.</param>
    /// <param name="id">The row's id.</param>
    /// <param name="manual">The row of the old MAC, if a user wanted it; else null.</param>
    /// <param name="holds">What else held it.</param>
    /// <param name="now">The time.</param>
    public Rule Moved(RuleKey key, Guid id, Rule? manual, IReadOnlyList<Hold> holds, DateTimeOffset now) =>
        new()
        {
            Id = id,
            Kind = key.Kind,
            UserId = key.UserId,
            RouterId = key.RouterId,
            DeviceIp = key.Ip,
            DeviceMac = key.Mac,
            HeldManually = manual is not null,
            HeldUntil = holds.Count == 0 ? null : holds.Max(EndOf),
            Note = manual?.Note,
            ExpiresAt = manual?.ExpiresAt,
            State = RuleState.Applying,
            CreatedBy = manual is null ? holds[0].CreatedBy : manual.CreatedBy,
            CreatedAt = now,
            SettleAt = pacing.AfterLease(now),
            GiveUpAt = GiveUpAt(goesOn: true, now),
        };

    /// <summary>
    /// The row of a rule that the router put on another device than the one that was meant. It is only to be lifted, and does not count for the tier.
    /// </summary>
    /// <param name="meant">The row that the rule was meant for.</param>
    /// <param name="id">The row's id.</param>
    /// <param name="other">The device that the router named.</param>
    /// <param name="fence">The turn in which the rule is lifted.</param>
    /// <param name="now">The time.</param>
    public Rule MisdirectedRow(Rule meant, Guid id, RuleDevice other, long fence, DateTimeOffset now) =>
        new()
        {
            Id = id,
            Kind = meant.Kind,
            UserId = meant.UserId,
            RouterId = meant.RouterId,
            DeviceIp = other.Ip,
            DeviceMac = other.Mac,
            MacConfirmed = true,
            State = RuleState.Lifting,
            CreatedBy = meant.CreatedBy,
            CreatedAt = now,
            Fence = fence,
            MaybeSent = true,
            SettleAt = pacing.AfterLease(now),
            // The first attempt is made by whoever stores it: what moves devices is not to make the second one before its time.
            Attempts = 1,
            HeldManually = false,
            HeldUntil = now,
            ReplacedBy = meant.Id,
        };

    /// <summary>The rule of a MAC that the device has again counts for the tier, in place of the one that had taken its place.</summary>
    public static RulePatch Returned { get; } = new(RuleState.Applying, RuleState.InForce) { TakesPlace = true };

    /// <summary>The device of a live rule goes on under another MAC: nothing keeps this rule any more.</summary>
    public RulePatch LeftBehind(Rule rule, Guid? replacedBy, DateTimeOffset now) =>
        (
            rule.State switch
            {
                RuleState.InForce => Expired with { Due = new(pacing.AfterLease(now)), Attempts = 0 },
                RuleState.Applying => NeverMind(now),
                _ => new RulePatch(rule.State),
            }
        ) with
        {
            UnkeptSince = now,
            ReplacedBy = replacedBy,
        };

    /// <summary>When a router that had no rule yet is compared with its rows.</summary>
    public DateTimeOffset FirstCheck(DateTimeOffset now) => pacing.FirstCheck(now);

    /// <summary>A rule in force is wanted no longer, and is to be lifted by the request that says so.</summary>
    public RulePatch Unwanted(bool goesOn, DateTimeOffset now) =>
        new(RuleState.InForce)
        {
            State = RuleState.Lifting,
            MaybeSent = true,
            Due = new(pacing.AfterLease(now)),
            GiveUpAt = new(GiveUpAt(goesOn, now)),
            Attempts = 0,
            ForgetsFailure = true,
            KeepsUnconfirmed = true,
            LetThroughAt = new(now),
        };

    /// <summary>
    /// A row that is under way to one end is wanted at the other one: the router may hold the rule or not, and is asked when nothing can be on
    /// its way there any more.
    /// </summary>
    public static RulePatch TurnedRound(Rule rule, DateTimeOffset now) =>
        new(rule.State)
        {
            State = rule.State == RuleState.Lifting ? RuleState.Applying : RuleState.Lifting,
            MaybeSent = true,
            Due = new(now, DueWhere.NothingWasSent),
            GiveUpAt = new(GiveUpAt(goesOn: true, now)),
            Attempts = 0,
            ForgetsFailure = true,
            KeepsUnconfirmed = RulesOfSeveral.IsOne(rule),
            ClearingFence = Unmarked,
            LetThroughAt = rule.State == RuleState.Lifting ? default : new(now),
        };

    /// <summary>A rule that is being lifted is to let the device through, whatever holds that.</summary>
    public static RulePatch LetThrough(DateTimeOffset now) => new(RuleState.Lifting) { LetThroughAt = new(now) };

    /// <summary>A row that somebody waits for is to go on by itself from now on.</summary>
    public static RulePatch GoesOn(Rule rule, DateTimeOffset now) =>
        new(rule.State)
        {
            GiveUpAt = new(GiveUpAt(goesOn: true, now)),
            ClearingFence = Unmarked,
            OnlyWhileAwaited = true,
        };

    /// <summary>A rule is wanted again that a reset of unknown outcome may have removed: where it is absent, it is put back.</summary>
    public static RulePatch WantedAgain(Rule rule) => new(rule.State) { ClearingFence = Unmarked };

    /// <summary>A command is over, and its row was turned round meanwhile: what the router holds can be looked at now.</summary>
    public static RulePatch LookedAtNow(Rule turned, DateTimeOffset now) => new(turned.State) { Due = new(now) };

    /// <summary>What a request says of a rule that is there already, which a manual hold keeps from then on.</summary>
    public static RulePatch Described(RuleWords words, ManualHold manual) =>
        new(RuleState.Applying, RuleState.InForce)
        {
            Note = words.Note,
            ExpiresAt = words.ExpiresAt,
            // One that waits may have been put off beyond its new end.
            Due = words.ExpiresAt.Value is { } end ? new(end, DueWhere.WaitsLonger) : null,
            Manual = manual,
        };

    /// <summary>
    /// Two rows turned out to be of one device. The one that stays says what a repeated block would have made it say: what the later request
    /// left out stays. A later block that was answered as one without an expiry does not get the earlier one's.
    /// </summary>
    public static RuleWords WordsOf(Rule kept, Rule duplicate)
    {
        var isLater = duplicate.CreatedAt > kept.CreatedAt;
        return new RuleWords(
            duplicate.Note is not null && (isLater || kept.Note is null) ? new(duplicate.Note) : default,
            duplicate.ExpiresAt is not null && (isLater || !kept.HeldManually) ? new(duplicate.ExpiresAt) : default
        );
    }

    /// <summary>
    /// A reset is about to be sent. Should its outcome be lost, the rows are looked at by <paramref name="checkAt"/>, and those whose rule is
    /// absent then have ended by it.
    /// </summary>
    public static RulePatch ClearingExpected(long fence, DateTimeOffset checkAt) =>
        new(RuleStates.Live) { ClearingFence = new(fence), Due = new(checkAt, DueWhere.Later) };

    /// <summary>The reset of this turn surely did not take effect.</summary>
    public static RulePatch ClearingForgotten(long fence) => new(RuleStates.Live) { ClearingFence = Unmarked, OnlyOfReset = fence };

    /// <summary>When a hold ends, in the terms of <see cref="Rule.HeldUntil"/>.</summary>
    public static DateTimeOffset EndOf(Hold hold) => hold.Until ?? DateTimeOffset.MaxValue;

    private Rule Wanted(RuleKey key, Guid id, RuleWords words, Guid? by, bool goesOn, DateTimeOffset now, IReadOnlyList<Hold> holds) =>
        new()
        {
            Id = id,
            Kind = key.Kind,
            UserId = key.UserId,
            RouterId = key.RouterId,
            DeviceIp = key.Ip,
            DeviceMac = key.Kind.FollowsDevice ? key.Mac : null,
            HeldManually = holds.Count == 0,
            HeldUntil = holds.Count == 0 ? null : holds.Max(EndOf),
            Holds = [.. holds],
            Note = words.Note.Value,
            ExpiresAt = words.ExpiresAt.Value,
            State = RuleState.Applying,
            CreatedBy = by,
            CreatedAt = now,
            MaybeSent = true,
            SettleAt = pacing.AfterLease(now),
            GiveUpAt = GiveUpAt(goesOn, now),
        };

    private static DateTimeOffset? GiveUpAt(bool goesOn, DateTimeOffset now) => goesOn ? now + RulePacing.GiveUpAfter : null;
}

/// <summary>What a rule is for: a device of a user's router.</summary>
/// <param name="Kind">The kind of rule.</param>
/// <param name="UserId">The router's owner.</param>
/// <param name="RouterId">The router.</param>
/// <param name="Ip">The device's address.</param>
/// <param name="Mac">Its MAC, if it is known.</param>
internal sealed record RuleKey(RuleKind Kind, Guid UserId, string RouterId, IPAddress Ip, PhysicalAddress? Mac)
{
    /// <summary>Whether a rule of another device at this address is none of it.</summary>
    public bool IsOfDevice { get; init; }
}
