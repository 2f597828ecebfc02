namespace NetPilot.Blacklist.Lifecycle;

/// <summary>
/// Rules that the router made for several devices. Its list leaves such a rule out, and an unblock is acknowledged, does not remove it, and can remove
/// another device's. The row stays in force, and nothing is sent for it: only a reset removes the rule.
/// </summary>
internal static class RulesOfSeveral
{
    private const string Detail = "The router made one rule for several devices. Only a reset of the router removes it.";

    /// <summary>What a command comes to that makes such a rule, or that is to lift one.</summary>
    public static CommandsFailure Failure { get; } = new(CommandsFailureKind.CommandFailed, CommandEffect.NotDone, Detail);

    public static bool IsOne(Rule row) => row is { Code: RuleCodes.Unconfirmed, Detail: Detail };

    public static RuleChange Made(Rule row, DateTimeOffset now) =>
        RuleOutcomes.InForce(row, now) with
        {
            Code = RuleCodes.Unconfirmed,
            Detail = Detail,
            IsHeldAgain = row.State == RuleState.Lifting,
        };

    /// <summary>What becomes of the row when it is due; null if it stays as it is. One that nothing keeps waits for a reset.</summary>
    public static RuleChange? Due(Rule row, RuleOutcomes outcomes, DateTimeOffset now) =>
        row switch
        {
            { State: RuleState.InForce, SettleAt: null } => null,
            { State: RuleState.Lifting } when !row.IsKept(now) => NotLifted(row, outcomes, now, LiftAsker.Server),
            _ => Made(row, now),
        };

    /// <summary>The rule is to be lifted, and can't be.</summary>
    public static RuleChange NotLifted(Rule row, RuleOutcomes outcomes, DateTimeOffset now, LiftAsker asker) =>
        outcomes.LiftNotDone(row, RuleCodes.Unconfirmed, Detail, now, asker, LiftObstacle.Refused);
}
