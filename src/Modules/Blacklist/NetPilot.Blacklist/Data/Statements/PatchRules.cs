// Rows are locked in the order of their ids, and come back as they were written: EF Core has neither FOR UPDATE nor RETURNING.
namespace NetPilot.Blacklist.Data.Statements;

internal static class PatchRules
{
    /// <summary>Writes a patch, by which no row ends, to those of these rows that it is for. They come back as they are then.</summary>
    public static Task<List<Rule>> PatchAsync(this RuleStore store, RuleKind kind, Guid[] ids, RulePatch patch) =>
        store.RulesAsync(
            kind,
            $"""
            UPDATE {kind.Rules} SET {patch.Assignments(kind)}
            WHERE id IN (SELECT id FROM {kind.Rules} WHERE id = ANY({ids}) AND {patch.Condition()} ORDER BY id FOR UPDATE)
            RETURNING *
            """
        );
}
