namespace NetPilot.Blacklist.Lifecycle;

/// <summary>Which device a rule is known to be for.</summary>
/// <param name="Ip">Its address now.</param>
/// <param name="Mac">Its MAC; null keeps what the row has.</param>
/// <param name="Confirmed">Whether the router itself named the MAC.</param>
internal sealed record RuleDevice(IPAddress Ip, PhysicalAddress? Mac, bool Confirmed);

/// <summary>What becomes of a row that was read in the router's turn: everything that a write in the turn may change.</summary>
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

    /// <summary>When a user let the device through; null: as the row says already.</summary>
    public DateTimeOffset? LetThroughAt { get; init; }

    /// <summary>Whether the device was to be let through, and could not be: what held it holds it as before.</summary>
    public bool IsHeldAgain { get; init; }

    /// <summary>Whether the user's own block has failed, and what else holds the rule goes on alone.</summary>
    public bool EndsManual { get; init; }

    /// <summary>What the router said of the device; null: nothing new.</summary>
    public RuleDevice? Device { get; init; }

    /// <summary>Whether a reset that may have removed the rule is still to be asked about.</summary>
    public bool KeepsClearing { get; init; }

    /// <summary>What must still hold the row as it did when the change was decided.</summary>
    public HeldAsRead Guard { get; init; }

    /// <summary>The guard of a change that is made because nothing keeps the row. One that is being lifted is turned round by what comes to it.</summary>
    public static HeldAsRead IfUnkept(Rule rule, DateTimeOffset now) =>
        rule.State != RuleState.Lifting && !rule.IsBeingCleared && !rule.IsKept(now) ? HeldAsRead.AtAll : HeldAsRead.Anyhow;

    private bool IsLive => State is not (RuleState.Lifted or RuleState.Failed);

    /// <summary>What the row has already.</summary>
    public static RuleChange None(Rule rule) =>
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

    /// <summary>What the row says to whoever shares it: that the session of a request has ended is true of that request alone.</summary>
    public RuleChange ForAll() =>
        Code == ErrorCodes.Unauthorized
            ? this with
            {
                Code = ErrorCodes.CommandsServerUnavailable,
                Detail = "The session of the request ended before its command was sent.",
            }
            : this;

    /// <summary>Whether it is the end that the row waits for, so that it holds whoever waits and however long.</summary>
    public bool Fulfils(Rule rule) => State == RuleState.Lifted || (State == RuleState.InForce && rule.State != RuleState.Lifting);

    /// <summary>How many live rows there are more: 1 where an ended row is under way again, -1 where a live one ends.</summary>
    public int LiveMore(Rule rule) => (IsLive ? 1 : 0) - (rule.IsLive ? 1 : 0);
}

/// <summary>
/// What becomes of rows that were not read in the router's turn: only what is named here is written, and only to rows in one of the states
/// <paramref name="From"/>.
/// </summary>
internal sealed record RulePatch(params RuleState[] From)
{
    public RuleState? State { get; init; }
    public bool? MaybeSent { get; init; }
    public RuleDue? Due { get; init; }
    public Optional<DateTimeOffset?> GiveUpAt { get; init; }
    public int? Attempts { get; init; }

    /// <summary>Whether one attempt more is counted.</summary>
    public bool CountsAttempt { get; init; }

    /// <summary>Whether code and detail become null.</summary>
    public bool ForgetsFailure { get; init; }

    /// <summary>Whether <see cref="RuleCodes.Unconfirmed"/> is no failure to forget.</summary>
    public bool KeepsUnconfirmed { get; init; }

    public DateTimeOffset? LiftedAt { get; init; }

    /// <summary>The turn that the patch is written in; null: none. Rows that a later turn has written stay as they are.</summary>
    public long? Fence { get; init; }

    /// <summary>The turn in which was seen what the patch goes by; null: none. Rows that a later turn has written stay as they are.</summary>
    public long? SeenIn { get; init; }

    public Optional<long?> ClearingFence { get; init; }

    /// <summary>The turn of the reset that the rows are marked for; null: any row.</summary>
    public long? OnlyOfReset { get; init; }

    /// <summary>Whether it is for rows alone that do not go on by themselves.</summary>
    public bool OnlyWhileAwaited { get; init; }

    public Optional<string?> Note { get; init; }
    public Optional<DateTimeOffset?> ExpiresAt { get; init; }

    /// <summary>The manual hold that the rows have from now on; null: they have it or not, as before.</summary>
    public ManualHold? Manual { get; init; }

    /// <summary>Whether no manual hold keeps the rows any more.</summary>
    public bool EndsManual { get; init; }

    /// <summary>Until when the rows are held besides, at least; <see cref="DateTimeOffset.MaxValue"/> for a hold without an end.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    public Optional<DateTimeOffset?> LetThroughAt { get; init; }

    /// <summary>Since when nothing keeps the rows, whatever kept them before; null: as the rows say.</summary>
    public DateTimeOffset? UnkeptSince { get; init; }

    /// <summary>The row that takes the place of these rows, unless another one has done so already.</summary>
    public Guid? ReplacedBy { get; init; }

    /// <summary>Whether the rows count for the tier again, although others had taken their place.</summary>
    public bool TakesPlace { get; init; }

    /// <summary>Whether live rows end by it, which the tier's limit counts.</summary>
    public bool Ends => State is RuleState.Lifted or RuleState.Failed;
}

/// <summary>What a change of a row goes by, besides its state: what was placed on the row since is not to be lost with it.</summary>
internal enum HeldAsRead
{
    /// <summary>The change is right whatever holds the row.</summary>
    Anyhow,

    /// <summary>It is given up, and no pause or schedule may have come to it.</summary>
    ByOthers,

    /// <summary>Nothing keeps it, and nothing at all may have come to it.</summary>
    AtAll,
}

/// <summary>That a user wants a rule, whatever else keeps it.</summary>
/// <param name="By">Who wants it.</param>
/// <param name="Now">What has expired by then is not in the way.</param>
internal sealed record ManualHold(Guid? By, DateTimeOffset Now);

/// <summary>When the background work is to look at a row.</summary>
internal readonly record struct RuleDue(DateTimeOffset? At, DueWhere Where = DueWhere.Always);

/// <summary>Which rows get another time.</summary>
internal enum DueWhere
{
    Always,

    /// <summary>Those whose time is later, or that have none.</summary>
    Later,

    /// <summary>Those for which no command can be on its way.</summary>
    NothingWasSent,

    /// <summary>Those for which no command can be on its way, and whose time is later.</summary>
    WaitsLonger,
}

/// <summary>Codes of a row that no answer of the REST contract's error table carries.</summary>
internal static class RuleCodes
{
    /// <summary>The router acknowledged the rule, and its list can't confirm it.</summary>
    public const string Unconfirmed = "unconfirmed";

    /// <summary>Only a router that was asked can refuse, and each refusal restarts its firewall.</summary>
    public static bool IsRefusal(string code) => code is ErrorCodes.CommandFailed or "commands_server_protocol_error" or "not_supported";
}

/// <summary>What a request says of a rule besides its address; what it left out stays.</summary>
internal readonly record struct RuleWords(Optional<string?> Note, Optional<DateTimeOffset?> ExpiresAt)
{
    public bool IsEmpty => !Note.IsPresent && !ExpiresAt.IsPresent;
}
