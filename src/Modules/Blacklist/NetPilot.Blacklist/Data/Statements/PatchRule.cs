// A guarded write that returns the row as it is then, in one round trip: EF Core's ExecuteUpdate returns a count.
namespace NetPilot.Blacklist.Data.Statements;

internal static class PatchRule
{
    /// <summary>Writes a patch to one row. Null if it is not for the row as it is by now.</summary>
    public static Task<Rule?> PatchAsync(this RuleStore store, Rule rule, RulePatch patch, CancellationToken cancellationToken = default) =>
        store.RuleAsync(
            rule.Kind,
            $"""
            UPDATE {rule.Kind.Rules} SET {patch.Assignments(rule.Kind)} WHERE id = {rule.Id} AND {patch.Condition()}
            RETURNING *
            """,
            cancellationToken
        );

    /// <summary>
    /// What a request says of a row that is there already, and its manual hold. Null: the row has moved on before it could take that. An expiry
    /// taken back in vain would lift the block.
    /// </summary>
    public static async Task<Rule?> DescribeAsync(
        this RuleStore store,
        Rule rule,
        RuleWords words,
        ManualHold manual,
        CancellationToken cancellationToken = default
    ) =>
        (words.IsEmpty && rule.IsHeldManually(manual.Now)) || rule.State == RuleState.Lifting
            ? rule
            : await store.PatchAsync(rule, RuleIntents.Described(words, manual), cancellationToken);
}
