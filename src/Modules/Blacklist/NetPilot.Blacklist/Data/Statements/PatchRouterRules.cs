// Rows are locked in the order of their ids, after the user's counter where rows end by the patch, and the counter follows in the same statement:
// EF Core has no FOR UPDATE.
namespace NetPilot.Blacklist.Data.Statements;

internal static class PatchRouterRules
{
    /// <summary>Writes each patch to all rows of a router that it is for, of all three kinds: one after the other, in one transaction.</summary>
    public static Task PatchRouterAsync(
        this RuleStore store,
        Guid userId,
        string routerId,
        IReadOnlyList<RulePatch> patches,
        CancellationToken cancellationToken
    ) =>
        store.ExecuteBatchAsync(
            [.. from kind in RuleKind.All from patch in patches select StatementOf(userId, routerId, kind, patch)],
            cancellationToken
        );

    private static SqlText StatementOf(Guid userId, string routerId, RuleKind kind, RulePatch patch) =>
        $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = {userId} AND kind = {kind.Name} AND {patch.Ends} FOR UPDATE
            ), locked AS MATERIALIZED (
                SELECT id FROM {kind.Rules}
                WHERE user_id = {userId} AND router_id = {routerId} AND {patch.Condition()} AND (SELECT count(*) FROM counter) >= 0
                ORDER BY id FOR UPDATE
            ), patched AS (
                UPDATE {kind.Rules} SET {patch.Assignments(kind)} WHERE id IN (SELECT id FROM locked) RETURNING replaced_by
            )
            UPDATE blacklist.rule_counts SET live = GREATEST(0, live - (SELECT count(*) FROM patched WHERE replaced_by IS NULL))
            WHERE user_id = {userId} AND kind = {kind.Name} AND {patch.Ends}
            """;
}
