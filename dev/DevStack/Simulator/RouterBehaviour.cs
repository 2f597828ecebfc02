using System.ComponentModel;

namespace NetPilot.DevStack.Simulator;

/// <summary>What is odd about a router: switches, each of which real routers or the published code have. All are off at first.</summary>
public sealed record RouterBehaviour
{
    [Description(
        "How a command finds the MAC of an address: exact, first_match or every_match. Null: exact in the plan, every_match in the deployed form."
    )]
    public AddressLookUp? LookUp { get; init; }

    [Description("Without the arp program addresses are found by lease alone, and the list of blocked names no address.")]
    public bool HasArpProgram { get; init; } = true;

    [Description("What the deployed form takes for the MAC of an incomplete ARP entry: br-lan (listed as br:lan) or at.")]
    public string IncompleteMac { get; init; } = "br-lan";

    [Description("At which of a MAC's addresses in the ARP table the list of blocked names it: last or first, in the order of addresses.")]
    public ListedAddress ListedAt { get; init; }

    [Description("What block and unblock answer. Null: object_with_mac in the plan, text_with_mac in the deployed form.")]
    public CommandAnswer? Answer { get; init; }

    [Description("Whether the list of blocked has plain addresses in place of objects. Null: as the simulator was started.")]
    public bool? BlockedAsAddresses { get; init; }

    [Description("The list of blocked has each rule twice.")]
    public bool ListsTwice { get; init; }

    [Description("Every unblock is refused while there is a rule for it, and restarts the firewall.")]
    public bool UnblockRefuses { get; init; }

    [Description("Every reset is refused while there are rules.")]
    public bool ResetRefuses { get; init; }

    [Description("A reset also deletes rules of the router itself, all but the first six.")]
    public bool ResetDeletesOwnRules { get; init; }

    [Description("A block is done and answered as failed, because the restart of the firewall wrote to stderr.")]
    public bool BlockFailsNoisily { get; init; }

    [Description("An unblock is done and answered as failed, because the restart of the firewall wrote to stderr.")]
    public bool UnblockFailsNoisily { get; init; }

    [Description("What the restart of the firewall writes to stderr.")]
    public string FirewallNoise { get; init; } = "Section @zone[1] (wan) cannot resolve device of network 'wan6'";

    [Description("A fresh router: the answer to the next start of a session waits; the one after it does not.")]
    public bool FirstStartHangs { get; init; }

    [Description("The restart of the firewall hangs: what restarts it is done, and its answer waits.")]
    public bool FirewallHangs { get; init; }

    [Description("For how long the two wait on the simulator's clock unless they are released; 0 is until then.")]
    public double HoldSeconds { get; init; } = 30;
}

/// <summary>How the MAC of an address is found.</summary>
public enum AddressLookUp
{
    /// <summary>The entry of this address.</summary>
    Exact,

    /// <summary>The first device whose address contains this one.</summary>
    FirstMatch,

    /// <summary>All entries whose address contains this one: several make one rule with a list of MACs, which no list of blocked shows.</summary>
    EveryMatch,
}

/// <summary>Which of a MAC's addresses is listed.</summary>
public enum ListedAddress
{
    Last,
    First,
}

/// <summary>What a block or unblock answers.</summary>
public enum CommandAnswer
{
    ObjectWithMac,
    ObjectWithoutMac,
    Text,
    TextWithMac,
}

/// <summary>What comes of a connection to a router.</summary>
public enum RouterReach
{
    Online,

    /// <summary>Its tunnel is down.</summary>
    Down,

    /// <summary>It does not take the password that the port manager has.</summary>
    RefusesPassword,

    /// <summary>The tunnel takes the connection and nothing answers.</summary>
    HangsInTunnel,
}
