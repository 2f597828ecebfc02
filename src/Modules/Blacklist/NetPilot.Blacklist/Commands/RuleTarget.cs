namespace NetPilot.Blacklist.Commands;

/// <summary>For whom, and where, a rule is to be put in force or lifted, and how long that may take.</summary>
internal sealed record RuleTarget(
    RuleKind Kind,
    OwnedRouter Router,
    CommandActor Actor,
    UserTier Tier,
    IPAddress Ip,
    PhysicalAddress? Mac,
    Preference? Prefer,
    RequestBudget Budget
)
{
    public RuleKey Key => new(Kind, Router.UserId, Router.RouterId, Ip, Mac) { IsOfDevice = IsOfDevice };

    /// <summary>Whether the device itself was named, wherever it is, and not whoever has the address.</summary>
    public bool IsOfDevice { get; init; }

    /// <summary>The turn that the command is to run in together with others; null: it takes one of its own.</summary>
    public SharedTurn? Shared { get; init; }

    /// <summary>The question for a turn of its own that goes out with the intent; null: the turn is asked for after it.</summary>
    public ITurnAsk? Ask { get; init; }

    /// <summary>Whether the device was seen with an address that can be blocked.</summary>
    public static bool CanBeBlocked(KnownDevice device) => AddressRules.TryReadIpv4(device.Address.ToString(), out _, out _);

    /// <summary>Whether the server goes on by itself where the command can't be done now.</summary>
    public bool GoesOn => Prefer is not null;
}

/// <summary>How a command ended for the one who asked.</summary>
/// <param name="Kind">Which success it is.</param>
internal sealed record RuleAnswer(Rule Rule, RuleAnswerKind Kind);

internal enum RuleAnswerKind
{
    /// <summary>Done by this request.</summary>
    Done,

    /// <summary>It was so already.</summary>
    Already,

    /// <summary>The server goes on by itself.</summary>
    UnderWay,

    /// <summary>Something else ended the row, and not what the request asked for, which is to be made anew.</summary>
    LookAgain,
}
