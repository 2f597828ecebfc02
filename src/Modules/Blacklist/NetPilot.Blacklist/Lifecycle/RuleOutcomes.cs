namespace NetPilot.Blacklist.Lifecycle;

/// <summary>
/// What the router holds: what the outcome of a call, or a look at the router, makes of a row, for blocks and for the entries of the two lists.
/// Pure. What is wanted changes in <see cref="RuleIntents"/>, what becomes of all rows of a router in
/// <see cref="RouterOutcomes"/>, what its list makes of those in force or given up in <see cref="ListedOutcomes"/>, and nothing else changes a row's state.
/// </summary>
internal sealed class RuleOutcomes(RulePacing pacing, bool verifyAfterApply)
{
    /// <summary>How often a rule that the router lost is put back without being seen there in between.</summary>
    public const int MostRepeats = 3;

    /// <summary>The Commands-Server acknowledged the command that puts the rule in force, and named the device, or none.</summary>
    public RuleChange Applied(Rule rule, RuleDevice? device, DateTimeOffset now) =>
        InForce(rule, now) with
        {
            Device = device,
            // Of a row that waited for its device or its router, the attempts count the waits, and this is the first time that the rule is put back.
            Attempts =
                rule.AppliedAt is null ? 0
                : rule.Code is null or RuleCodes.Unconfirmed ? rule.Attempts
                : 1,
            SettleAt = verifyAfterApply && device is not { Confirmed: true } ? now : null,
        };

    /// <summary>The command that puts the rule in force failed; it may be that the router refused it, and can do so again.</summary>
    public RuleChange ApplyFailed(Rule rule, CommandsFailure failure, DateTimeOffset calledAt, DateTimeOffset now, bool refused = false) =>
        failure.Effect == CommandEffect.Unknown ? Unknown(rule, failure, calledAt)
        : failure.Kind == CommandsFailureKind.NotSupported && rule.IsKept(now) ? Failed(rule, failure.Code, failure.Detail)
        : ApplyNotDone(rule, failure.Code, failure.Detail, now, refused);

    /// <summary>The router does not hold the rule. One that nothing keeps any more has ended with that.</summary>
    public RuleChange ApplyNotDone(Rule rule, string code, string? detail, DateTimeOffset now, bool refused = false) =>
        !rule.IsKept(now) ? Gone(rule, now)
        : rule.IsTriedAgain(now) ? ForOthers(rule, Again(rule, code, detail, pacing.NextLook(rule, now, refused)), now)
        : Failed(rule, code, detail);

    /// <summary>
    /// The rule is to be put in force, and its device is away: it waits without an end until the device is seen. Where the attempt restarted the
    /// router's firewall, the pauses grow as after a refusal.
    /// </summary>
    public RuleChange AwaitsDevice(Rule rule, DateTimeOffset now, bool restarted = false) =>
        Again(
            rule,
            ErrorCodes.CommandFailed,
            "The device is away; the rule is put in force when it is seen again.",
            pacing.NextLook(rule, now, refused: restarted)
        ) with
        {
            State = RuleState.Applying,
            GiveUpAt = now + RulePacing.GiveUpAfter,
            EndsManual = IsUsersOwnAttempt(rule),
        };

    /// <summary>The call that lifts the rule was made, or no turn came for it.</summary>
    public RuleChange LiftEnded(Rule rule, CommandsFailure? failure, DateTimeOffset calledAt, DateTimeOffset now, LiftAsker asker) =>
        failure switch
        {
            null => LiftDone(rule, now),
            { Effect: CommandEffect.Unknown } => Unknown(rule, failure, calledAt),
            _ => LiftNotDone(rule, failure.Code, failure.Detail, now, asker, ObstacleOf(failure)),
        };

    /// <summary>
    /// The rule of a row that was being lifted is gone. One that the server took back, because it was no device's, is wanted still where a pause or a
    /// schedule holds it.
    /// </summary>
    public RuleChange LiftDone(Rule rule, DateTimeOffset now) =>
        rule is { State: RuleState.Lifting, AppliedAt: null, LetThroughAt: null, ReplacedBy: null, IsBeingCleared: false }
        && rule.HeldUntil > now
            ? AwaitsDevice(rule, now, restarted: true)
            : Gone(rule, now);

    /// <summary>The rule was not lifted, for the reason that the code names, because of the obstacle.</summary>
    public RuleChange LiftNotDone(
        Rule rule,
        string code,
        string? detail,
        DateTimeOffset now,
        LiftAsker asker,
        LiftObstacle obstacle = LiftObstacle.RouterAway
    ) =>
        !rule.IsKept(now) || rule.GiveUpAt > now || (!asker.Awaits && rule.GiveUpAt is null)
            ? LiftedLater(rule, code, detail, now, obstacle, asker.IsServer)
            : new RuleChange(RuleState.InForce)
            {
                Code = code,
                Detail = detail,
                // A block whose answer was lost has been in force if the router was asked to lift it.
                AppliedAt = rule.AppliedAt ?? now,
                KeepsClearing = true,
                IsHeldAgain = true,
            };

    /// <summary>The device is away, and the router can't lift its rule before it is back.</summary>
    public RuleChange WaitsForDevice(Rule rule, DateTimeOffset now) =>
        LiftedLater(rule, null, null, now, LiftObstacle.DeviceAway, byServer: true) with
        {
            GiveUpAt = null,
        };

    /// <summary>The same where the router refused, without saying that it found no device. What it just refused is not repeated soon.</summary>
    public RuleChange WaitsForDevice(Rule rule, CommandsFailure refusal, DateTimeOffset now) =>
        LiftedLater(rule, refusal.Code, refusal.Detail, now, LiftObstacle.Refused, byServer: true);

    /// <summary>The router holds the rule.</summary>
    public static RuleChange InForce(Rule rule, DateTimeOffset now) => new(RuleState.InForce) { AppliedAt = rule.AppliedAt ?? now };

    /// <summary>The router's list can't say yet whether a rule that is under way is there, nor what became of a command that failed.</summary>
    public RuleChange Undecided(Rule rule, DateTimeOffset now, CommandsFailure? failure = null) =>
        Again(
            rule,
            failure?.Code ?? rule.Code,
            failure?.Detail ?? rule.Detail,
            pacing.NextLook(rule, now, refused: rule.Code == ErrorCodes.CommandFailed)
        ) with
        {
            MaybeSent = rule.MaybeSent,
        };

    /// <summary>The router does not hold the rule any more. A reset that removed it let the device through.</summary>
    public static RuleChange Gone(Rule rule, DateTimeOffset now) =>
        new(RuleState.Lifted)
        {
            AppliedAt = rule.AppliedAt,
            LiftedAt = now,
            LetThroughAt = rule.IsBeingCleared ? now : null,
            Guard = RuleChange.IfUnkept(rule, now),
        };

    /// <summary>A user lets the device through before anything was sent for the rule.</summary>
    public static RuleChange Cancelled(Rule rule, DateTimeOffset now) => Gone(rule, now) with { LetThroughAt = now };

    /// <summary>The command of a user's block did not arrive, and pauses or schedules hold the rule besides: they go on without it.</summary>
    public static RuleChange NeverArrivedForUser(Rule rule, DateTimeOffset now)
    {
        var failed = ListedOutcomes.NeverArrived(rule);
        return ForOthers(rule, Again(rule, failed.Code, failed.Detail, new NextLook(now, 0)), now);
    }

    /// <summary>The router put the rule on another device, or on several, from which it is lifted. One that nothing keeps has ended with that.</summary>
    public static RuleChange WentElsewhere(Rule rule, DateTimeOffset now) =>
        rule.IsKept(now)
            ? Failed(rule, ErrorCodes.CommandFailed, "The router applied the rule to another device; it is lifted there.")
            : Gone(rule, now);

    /// <summary>The rule was put in force for something else than one device, and is to be taken back.</summary>
    public RuleChange Withdrawn(Rule rule, DateTimeOffset now) =>
        RuleChange.None(rule) with
        {
            State = RuleState.Lifting,
            MaybeSent = true,
            GiveUpAt = null,
            SettleAt = pacing.AfterLease(now),
        };

    /// <summary>A rule whose row has ended is still on the router, which refused to lift it: the row is under way again, with growing pauses.</summary>
    public RuleChange Revived(Rule rule, CommandsFailure refusal, DateTimeOffset now) =>
        new(RuleState.Lifting)
        {
            Code = refusal.Code,
            Detail = refusal.Detail,
            AppliedAt = rule.AppliedAt,
            MaybeSent = refusal.Effect == CommandEffect.Unknown,
            Attempts = 1,
            SettleAt = now + pacing.Backoff(0),
        };

    /// <summary>A command is about to be sent for the row: until its outcome is written, only the router knows.</summary>
    public RuleChange Sending(Rule rule, RuleState state, DateTimeOffset now) =>
        RuleChange.None(rule) with
        {
            State = state,
            MaybeSent = true,
            SettleAt = pacing.AfterLease(now),
            Attempts = rule.State == RuleState.InForce && state == RuleState.Applying ? rule.Attempts + 1 : rule.Attempts,
            GiveUpAt = state == RuleState.Applying && IsPutBack(rule, now) ? now + RulePacing.GiveUpAfter : rule.GiveUpAt,
            Guard = state == RuleState.Lifting ? RuleChange.IfUnkept(rule, now) : HeldAsRead.Anyhow,
        };

    /// <summary>The router could not be asked: nothing is known that was not known before.</summary>
    public RuleChange LookFailed(Rule rule, CommandsFailure failure, DateTimeOffset now) =>
        rule switch
        {
            // A look is no attempt: what is tried after it waits as after the first failure.
            { MaybeSent: true } => RuleChange.None(rule) with { SettleAt = now + pacing.LookPause(rule, now) },
            // A rule that was in force is wanted for as long as it is kept, however long the router is away.
            { State: RuleState.Applying, AppliedAt: not null } when rule.IsKept(now) => Again(
                rule,
                failure.Code,
                failure.Detail,
                pacing.NextLook(rule, now, refused: false)
            ) with
            {
                GiveUpAt = now + RulePacing.GiveUpAfter,
            },
            { State: RuleState.Applying } => ApplyNotDone(rule, failure.Code, failure.Detail, now),
            { State: RuleState.Lifting } => LiftNotDone(rule, failure.Code, failure.Detail, now, LiftAsker.Server),
            _ => RuleChange.None(rule) with { SettleAt = now + pacing.LookPause(rule, now) },
        };

    // Nobody goes on with a user's block that has failed: what came to hold the device meanwhile wants it alone.
    private static RuleChange ForOthers(Rule rule, RuleChange change, DateTimeOffset now) =>
        IsUsersOwnAttempt(rule) ? change with { EndsManual = true, GiveUpAt = now + RulePacing.GiveUpAfter } : change;

    private static bool IsPutBack(Rule rule, DateTimeOffset now) =>
        rule.State == RuleState.InForce || (rule is { State: RuleState.Applying, AppliedAt: not null } && rule.GiveUpAt <= now);

    private static bool IsUsersOwnAttempt(Rule rule) => rule is { State: RuleState.Applying, GiveUpAt: null };

    private RuleChange Unknown(Rule rule, CommandsFailure failure, DateTimeOffset calledAt) =>
        RuleChange.None(rule) with
        {
            Code = failure.Code,
            Detail = failure.Detail,
            MaybeSent = true,
            // The command's own time begins when it is sent.
            SettleAt = (failure.SentAt ?? calledAt) + pacing.CommandTimeout,
        };

    // A user who asks again does not lengthen the server's own pauses. What the router did not refuse makes them no longer either: it says only that
    // an attempt was made.
    private RuleChange LiftedLater(Rule rule, string? code, string? detail, DateTimeOffset now, LiftObstacle obstacle, bool byServer)
    {
        var isNew = rule.Code != code || rule.Detail != detail;
        var attempts = obstacle == LiftObstacle.Refused ? rule.Attempts + 1 : Math.Max(rule.Attempts, 1);
        var next = now + pacing.LiftPause(rule, now, obstacle, isNew);
        return Again(rule, code, detail, new NextLook(next, byServer ? attempts : rule.Attempts));
    }

    private static LiftObstacle ObstacleOf(CommandsFailure failure) =>
        failure.FoundNoDevice ? LiftObstacle.DeviceAway
        : RuleCodes.IsRefusal(failure.Code) ? LiftObstacle.Refused
        : LiftObstacle.RouterAway;

    private static RuleChange Again(Rule rule, string? code, string? detail, NextLook next) =>
        RuleChange.None(rule) with
        {
            Code = code,
            Detail = detail,
            MaybeSent = false,
            Attempts = next.Attempts,
            SettleAt = next.At,
        };

    private static RuleChange Failed(Rule rule, string code, string? detail) =>
        new(RuleState.Failed)
        {
            Code = code,
            Detail = detail,
            AppliedAt = rule.AppliedAt,
            Guard = rule.State == RuleState.Applying ? HeldAsRead.ByOthers : HeldAsRead.Anyhow,
        };
}
