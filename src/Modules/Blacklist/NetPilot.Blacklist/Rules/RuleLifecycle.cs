using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;

namespace NetPilot.Blacklist.Rules;

/// <summary>Which device a rule is known to be for.</summary>
/// <param name="Ip">Its address now.</param>
/// <param name="Mac">Its MAC; null keeps what the row has.</param>
/// <param name="Confirmed">Whether the router itself named the MAC.</param>
internal sealed record RuleDevice(IPAddress Ip, PhysicalAddress? Mac, bool Confirmed);

/// <summary>What becomes of a row. Everything that a write may change, and nothing else.</summary>
internal sealed record RuleChange(RuleState State)
{
    public string? Code { get; init; }

    public string? Detail { get; init; }

    public bool MaybeSent { get; init; }

    public DateTimeOffset? SettleAt { get; init; }

    public DateTimeOffset? GiveUpAt { get; init; }

    public int Attempts { get; init; }

    public DateTimeOffset? AppliedAt { get; init; }

    public DateTimeOffset? LiftedAt { get; init; }

    /// <summary>What the router said of the device; null: nothing new.</summary>
    public RuleDevice? Device { get; init; }

    /// <summary>Whether a reset that may have removed the rule is still to be asked about.</summary>
    public bool KeepsClearing { get; init; }

    public bool IsTerminal => State is RuleState.Lifted or RuleState.Failed;

    /// <summary>Whether it is the end that the row waits for, so that it holds whoever waits and however long.</summary>
    public bool Fulfils(Rule rule) => State == RuleState.Lifted || (State == RuleState.Blocked && rule.State != RuleState.Lifting);
}

/// <summary>
/// The state machine of a rule's life, for blocks and for the entries of the two lists: what the outcome of a call, or a look at the router,
/// makes of the row. Pure, so that the whole table can be read and tested in one place.
/// </summary>
internal sealed class RuleLifecycle(TimeSpan commandTimeout, TimeSpan settleInterval, bool verifyAfterApply, Func<double> random)
{
    /// <summary>How long the server goes on by itself before it gives up.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);

    /// <summary>How often a rule that the router lost is put back without being seen there in between.</summary>
    public const int MostRepeats = 3;

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);

    /// <summary>When a crash between the intent and the outcome is looked into: not before the command's own time, and the lease's margin, are over.</summary>
    public DateTimeOffset AfterLease(DateTimeOffset now) => now + commandTimeout + TimeSpan.FromSeconds(5);

    /// <summary>The Commands-Server acknowledged the command that puts the rule in force.</summary>
    /// <param name="rule">The row.</param>
    /// <param name="device">The device that the answer names; null if it names none.</param>
    /// <param name="now">The time.</param>
    public RuleChange Applied(Rule rule, RuleDevice? device, DateTimeOffset now) =>
        InForce(rule, now) with
        {
            Device = device,
            Attempts = rule.AppliedAt is null ? 0 : rule.Attempts,
            SettleAt = verifyAfterApply && device is not { Confirmed: true } ? now : null,
        };

    /// <summary>The command that puts the rule in force failed.</summary>
    public RuleChange ApplyFailed(Rule rule, CommandsFailure failure, DateTimeOffset calledAt, DateTimeOffset now) =>
        failure.Effect == CommandEffect.Unknown
            ? Unknown(rule, failure, calledAt)
            : ApplyNotDone(rule, failure.Code, failure.Detail, now, retry: failure.Kind != CommandsFailureKind.NotSupported);

    public RuleChange ApplyNotDone(Rule rule, string code, string? detail, DateTimeOffset now, bool retry = true) =>
        retry && rule.GiveUpAt > now && !rule.HasExpired(now)
            ? Keep(rule) with
            {
                Code = code,
                Detail = detail,
                MaybeSent = false,
                Attempts = rule.Attempts + 1,
                SettleAt = now + Backoff(rule.Attempts),
            }
            : new RuleChange(RuleState.Failed)
            {
                Code = code,
                Detail = detail,
                AppliedAt = rule.AppliedAt,
            };

    /// <summary>The rule is to be put in force, and its device is away: it waits without an end until the device is seen.</summary>
    public RuleChange AwaitsDevice(Rule rule, DateTimeOffset now) =>
        Keep(rule) with
        {
            State = RuleState.Applying,
            Code = "command_failed",
            Detail = "The device is away; the rule is put in force when it is seen again.",
            MaybeSent = false,
            GiveUpAt = now + GiveUpAfter,
            Attempts = rule.Attempts + 1,
            SettleAt = now + Backoff(rule.Attempts),
        };

    /// <summary>The call that lifts the rule was made, or no turn came for it.</summary>
    public RuleChange LiftEnded(Rule rule, CommandsFailure? failure, DateTimeOffset calledAt, DateTimeOffset now, bool byServer) =>
        failure switch
        {
            null => Gone(rule, now),
            { Effect: CommandEffect.Unknown } => Unknown(rule, failure, calledAt),
            _ => LiftNotDone(rule, failure.Code, failure.Detail, now, byServer, WasRefused(failure.Code)),
        };

    /// <param name="rule">The row.</param>
    /// <param name="code">Why it was not lifted.</param>
    /// <param name="detail">What goes with it.</param>
    /// <param name="now">The time.</param>
    /// <param name="byServer">Whether the server acts, and not a user who waits.</param>
    /// <param name="refused">Whether the router refused to lift the rule, and not only to be asked.</param>
    public RuleChange LiftNotDone(Rule rule, string code, string? detail, DateTimeOffset now, bool byServer, bool refused = false) =>
        rule.HasExpired(now) || rule.GiveUpAt > now || (byServer && rule.GiveUpAt is null)
            ? Keep(rule) with
            {
                Code = code,
                Detail = detail,
                MaybeSent = false,
                // A user who asks again does not lengthen the server's own pauses.
                Attempts = rule.Attempts + (byServer ? 1 : 0),
                SettleAt = now + (refused ? Backoff(rule.Attempts) : LiftRetry(rule, now)),
            }
            : new RuleChange(RuleState.Blocked)
            {
                Code = code,
                Detail = detail,
                AppliedAt = rule.AppliedAt,
                KeepsClearing = true,
            };

    /// <summary>The device is away, and the router can't lift its rule before it is back.</summary>
    /// <param name="rule">The row.</param>
    /// <param name="now">The time.</param>
    /// <param name="refused">Whether the router just refused to lift it: what was refused is not repeated soon.</param>
    public RuleChange WaitsForDevice(Rule rule, DateTimeOffset now, bool refused) =>
        Keep(rule) with
        {
            Code = null,
            Detail = null,
            MaybeSent = false,
            GiveUpAt = null,
            Attempts = rule.Attempts + 1,
            SettleAt = now + (refused ? Backoff(rule.Attempts) : LiftRetry(rule, now)),
        };

    /// <summary>The router holds the rule.</summary>
    public static RuleChange InForce(Rule rule, DateTimeOffset now) => new(RuleState.Blocked) { AppliedAt = rule.AppliedAt ?? now };

    /// <summary>
    /// The Commands-Server acknowledged the rule, and the router's list can't say whether it is there. It counts as in force, says so by its
    /// code, and is never sent again.
    /// </summary>
    public static RuleChange Unconfirmed(Rule rule) =>
        Keep(rule) with
        {
            State = RuleState.Blocked,
            Code = RuleCodes.Unconfirmed,
            Detail = "The router's list of rules does not show whether the rule is in force.",
            MaybeSent = false,
            SettleAt = null,
            GiveUpAt = null,
        };

    /// <summary>The router's list can't say yet whether a rule that is under way is there.</summary>
    public RuleChange Undecided(Rule rule, DateTimeOffset now) =>
        Keep(rule) with
        {
            Attempts = rule.Attempts + 1,
            SettleAt = now + Backoff(rule.Attempts),
        };

    /// <summary>The router does not hold the rule any more.</summary>
    public static RuleChange Gone(Rule rule, DateTimeOffset now) => new(RuleState.Lifted) { AppliedAt = rule.AppliedAt, LiftedAt = now };

    /// <summary>The router was asked, and does not hold a rule that was to be put in force: the command did not arrive.</summary>
    public static RuleChange NeverArrived(Rule rule) =>
        new(RuleState.Failed) { Code = rule.Code ?? "command_timeout", Detail = rule.Detail ?? "The command did not reach the router." };

    /// <summary>The router put the rule on another device, or on several, from which it was lifted again.</summary>
    public static RuleChange Misdirected(Rule rule) =>
        new(RuleState.Failed)
        {
            Code = "command_failed",
            Detail = "The router applied the rule to another device; it was lifted there.",
            AppliedAt = rule.AppliedAt,
        };

    /// <summary>The rule was put in force for something else than one device, and is to be taken back.</summary>
    public RuleChange TakenBack(Rule rule, DateTimeOffset now) =>
        Keep(rule) with
        {
            State = RuleState.Lifting,
            MaybeSent = true,
            GiveUpAt = null,
            SettleAt = AfterLease(now),
        };

    /// <summary>A rule whose row has ended is still on the router, which refused to lift it: the row is under way again, with growing pauses.</summary>
    public RuleChange Revived(Rule rule, CommandsFailure refusal, DateTimeOffset now) =>
        new(RuleState.Lifting)
        {
            Code = refusal.Code,
            Detail = refusal.Detail,
            AppliedAt = rule.AppliedAt,
            Attempts = 1,
            SettleAt = now + Backoff(0),
        };

    /// <summary>The router holds the rule more than once, and refused to remove what is too much.</summary>
    public static RuleChange KeepsExtra(Rule rule, CommandsFailure refusal) =>
        Keep(rule) with
        {
            Code = refusal.Code,
            Detail = "The router holds the rule more than once, and refused to remove what is too much.",
        };

    /// <summary>A command is about to be sent for the row: until its outcome is written, only the router knows.</summary>
    public RuleChange Sending(Rule rule, RuleState state, DateTimeOffset now) =>
        Keep(rule) with
        {
            State = state,
            MaybeSent = true,
            SettleAt = AfterLease(now),
            Attempts = rule.State == RuleState.Blocked && state == RuleState.Applying ? rule.Attempts + 1 : rule.Attempts,
            // A rule in force that the router lost is put back for as long as it takes within a day.
            GiveUpAt = rule.State == RuleState.Blocked && state == RuleState.Applying ? now + GiveUpAfter : rule.GiveUpAt,
        };

    /// <summary>The router could not be asked: nothing is known that was not known before.</summary>
    public RuleChange LookFailed(Rule rule, CommandsFailure failure, DateTimeOffset now) =>
        rule switch
        {
            // A look is no attempt: what is tried after it waits as after the first failure.
            { MaybeSent: true } => Keep(rule) with { SettleAt = now + settleInterval * 0.9 },
            { State: RuleState.Applying } => ApplyNotDone(rule, failure.Code, failure.Detail, now),
            { State: RuleState.Lifting } => LiftNotDone(rule, failure.Code, failure.Detail, now, byServer: true),
            _ => Keep(rule) with { SettleAt = now + settleInterval },
        };

    private RuleChange Unknown(Rule rule, CommandsFailure failure, DateTimeOffset calledAt) =>
        Keep(rule) with
        {
            Code = failure.Code,
            Detail = failure.Detail,
            MaybeSent = true,
            SettleAt = calledAt + commandTimeout,
        };

    private static RuleChange Keep(Rule rule) =>
        new(rule.State)
        {
            Code = rule.Code,
            Detail = rule.Detail,
            MaybeSent = rule.MaybeSent,
            SettleAt = rule.SettleAt,
            GiveUpAt = rule.GiveUpAt,
            Attempts = rule.Attempts,
            AppliedAt = rule.AppliedAt,
            LiftedAt = rule.LiftedAt,
            KeepsClearing = true,
        };

    private TimeSpan Backoff(int attempts) =>
        Jittered(attempts >= 9 ? LongestBackoff : TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, FirstBackoff.Ticks << attempts)));

    // Only a router that was asked can refuse, and each refusal restarts its firewall.
    private static bool WasRefused(string code) => code is "command_failed" or "commands_server_protocol_error" or "not_supported";

    // An expired rule is to go as soon as the router answers again: tried often at first, then every tenth of the time that it is late.
    private TimeSpan LiftRetry(Rule rule, DateTimeOffset now) =>
        rule.ExpiresAt is { } expiry && expiry <= now
            ? Jittered(Clamp((now - expiry) / 10, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)))
            : Backoff(rule.Attempts);

    // Within a tenth above, so that routers which went away together do not come back together; never below the promised time.
    private TimeSpan Jittered(TimeSpan value) => value * (1 + (0.1 * random()));

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) =>
        value < least ? least
        : value > most ? most
        : value;
}

/// <summary>Codes of a row that no answer of the REST contract's error table carries.</summary>
internal static class RuleCodes
{
    /// <summary>The router acknowledged the rule, and its list can't confirm it.</summary>
    public const string Unconfirmed = "unconfirmed";
}
