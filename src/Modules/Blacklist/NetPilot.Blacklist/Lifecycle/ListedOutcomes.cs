namespace NetPilot.Blacklist.Lifecycle;

/// <summary>What the router's list makes of a row in force, and of one that is given up. Pure.</summary>
internal static class ListedOutcomes
{
    /// <summary>The router's list shows a rule that is in force: it is no longer unconfirmed, and a failed lift remains told.</summary>
    public static RuleChange Shown(Rule rule, DateTimeOffset now) =>
        rule.Code == RuleCodes.Unconfirmed
            ? RuleOutcomes.InForce(rule, now)
            : RuleOutcomes.InForce(rule, now) with
            {
                Code = rule.Code,
                Detail = rule.Detail,
            };

    /// <summary>
    /// The router lacks rules that were in force. They are put back one after the other, which can take minutes or be cut short: until its own turn
    /// comes, none of them is in force. The attempt to come is counted with it.
    /// </summary>
    /// <param name="turn">The turn in which that was seen.</param>
    /// <param name="lookAt">When to look at what a crash left to be put back.</param>
    /// <param name="now">The time.</param>
    public static RulePatch Lost(long turn, DateTimeOffset lookAt, DateTimeOffset now) =>
        new(RuleState.InForce)
        {
            State = RuleState.Applying,
            SeenIn = turn,
            Due = new(lookAt),
            GiveUpAt = new(now + RulePacing.GiveUpAfter),
            CountsAttempt = true,
            ForgetsFailure = true,
        };

    /// <summary>
    /// The Commands-Server acknowledged the rule, and the router's list can't say whether it is there. It counts as in force, says so by its
    /// code, and is never sent again.
    /// </summary>
    public static RuleChange Unconfirmed(Rule rule) =>
        RuleChange.None(rule) with
        {
            State = RuleState.InForce,
            Code = RuleCodes.Unconfirmed,
            Detail = "The router's list of rules does not show whether the rule is in force.",
            MaybeSent = false,
            SettleAt = null,
            GiveUpAt = null,
        };

    /// <summary>The router was asked, and does not hold a rule that was to be put in force: the command did not arrive.</summary>
    public static RuleChange NeverArrived(Rule rule) =>
        new(RuleState.Failed)
        {
            Code = rule.Code ?? ErrorCodes.CommandTimeout,
            Detail = rule.Detail ?? "The command did not reach the router.",
            Guard = HeldAsRead.ByOthers,
        };

    /// <summary>The rule could not be lifted for as long as the server goes on: it stays in force.</summary>
    public static RuleChange LiftGivenUp(Rule rule, DateTimeOffset now) =>
        RuleOutcomes.InForce(rule, now) with
        {
            Code = rule.Code ?? "router_unreachable",
            Detail = rule.Detail,
            IsHeldAgain = true,
        };
}
