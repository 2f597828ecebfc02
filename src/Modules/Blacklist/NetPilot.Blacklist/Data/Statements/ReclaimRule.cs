// The row and the counter that makes the limit exact are written by one statement, the counter locked first; the row comes back as it is. EF Core
// has no RETURNING, and could not tie the two writes together.
namespace NetPilot.Blacklist.Data.Statements;

internal static class ReclaimRule
{
    /// <summary>
    /// A live row whose place for the tier another one took is wanted by itself again, if the tier has room. The row as it is then: without room,
    /// it is as it was; null if it is gone.
    /// </summary>
    public static Task<Rule?> ReclaimAsync(this RuleStore store, Rule rule, int limit, CancellationToken cancellationToken) =>
        store.RuleAsync(
            rule.Kind,
            $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = {rule.UserId} AND kind = {rule.Kind.Name} FOR UPDATE
            ), reclaimed AS (
                UPDATE {rule.Kind.Rules} SET replaced_by = NULL
                WHERE id = {rule.Id} AND {SqlText.Live} AND replaced_by IS NOT NULL AND (SELECT live FROM counter) < {limit}
                RETURNING *
            ), counted AS (
                UPDATE blacklist.rule_counts SET live = live + 1
                WHERE user_id = {rule.UserId} AND kind = {rule.Kind.Name} AND EXISTS (SELECT 1 FROM reclaimed)
            )
            SELECT * FROM reclaimed
            UNION ALL
            SELECT * FROM {rule.Kind.Rules} WHERE id = {rule.Id} AND NOT EXISTS (SELECT 1 FROM reclaimed)
            """,
            cancellationToken
        );
}
