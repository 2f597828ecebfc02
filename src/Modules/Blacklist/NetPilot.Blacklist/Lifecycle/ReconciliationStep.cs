namespace NetPilot.Blacklist.Lifecycle;

/// <summary>One thing to do so that rows and router agree.</summary>
internal abstract record ReconciliationStep
{
    /// <summary>Whether a command goes to the router for it.</summary>
    public bool Sends => this is Apply or Lift or LiftExtra or LiftMisdirected or LiftStray;

    /// <summary>The row is to say what was seen.</summary>
    public sealed record Settle(Rule Rule, RuleChange Change) : ReconciliationStep;

    /// <summary>The row's device is at another address, or is known by its MAC now.</summary>
    public sealed record Identify(Rule Rule, RuleDevice Device) : ReconciliationStep;

    /// <summary>Two live rows mean the same device: the older one stays, and the other one ends.</summary>
    public sealed record Merge(Rule Duplicate, Rule Kept) : ReconciliationStep;

    /// <summary>The rule is to be put in force (again), at the device's present address.</summary>
    public sealed record Apply(Rule Rule, IPAddress Ip) : ReconciliationStep;

    /// <summary>The rule is to be lifted, at the device's present address.</summary>
    public sealed record Lift(Rule Rule, IPAddress Ip) : ReconciliationStep
    {
        /// <summary>Whether nothing shows the device at the address, so that only the list afterwards shows which rule went.</summary>
        public bool MustAsk { get; init; }
    }

    /// <summary>The router holds the rule of a live row more than once: one is to go.</summary>
    public sealed record LiftExtra(Rule Rule, IPAddress Ip) : ReconciliationStep;

    /// <summary>A rule that landed on another device is to go; then the row that it was meant for has failed, or waits for its own device.</summary>
    public sealed record LiftMisdirected(Rule Rule, RuleDevice Other) : ReconciliationStep;

    /// <summary>A rule of ours that no live row stands for any more is to go.</summary>
    /// <param name="Ended">The newest row of that rule.</param>
    /// <param name="Ip">The device's present address.</param>
    public sealed record LiftStray(Rule Ended, IPAddress Ip) : ReconciliationStep;

    /// <summary>A rule of unknown origin: reported, not touched.</summary>
    public sealed record Unmanaged(BlockedRule Held) : ReconciliationStep;
}
