// What is deleted is taken off the user's counter by the same statement, the counter locked first and the rows in the order of their ids: EF Core's
// ExecuteDelete returns a count of rows in any state, and has no FOR UPDATE.
namespace NetPilot.Blacklist.Data.Statements;

internal static class DeleteRouterRules
{
    /// <summary>Deletes the router's rules, and its check with the last of them.</summary>
    /// <param name="createdBefore">Rows that are newer stay: the same user has claimed the router again. Null: all go.</param>
    public static Task DeleteRouterAsync(
        this RuleStore store,
        Guid userId,
        string routerId,
        DateTimeOffset? createdBefore = null,
        CancellationToken cancellationToken = default
    ) =>
        store.ExecuteBatchAsync(
            [
                .. RuleKind.All.Select(kind => Sql(kind, userId, routerId, createdBefore ?? DateTimeOffset.MaxValue)),
                ChecksSql(userId, routerId),
            ],
            cancellationToken
        );

    private static SqlText Sql(RuleKind kind, Guid userId, string routerId, DateTimeOffset createdBefore) =>
        $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = {userId} AND kind = {kind.Name} FOR UPDATE
            ), locked AS MATERIALIZED (
                SELECT id FROM {kind.Rules}
                WHERE user_id = {userId} AND router_id = {routerId} AND created_at < {createdBefore} AND (SELECT count(*) FROM counter) >= 0 ORDER BY id FOR UPDATE
            ), deleted AS (DELETE FROM {kind.Rules} WHERE id IN (SELECT id FROM locked) RETURNING state, replaced_by)
            UPDATE blacklist.rule_counts SET live = GREATEST(0, live - (SELECT count(*) FROM deleted WHERE {SqlText.Live} AND replaced_by IS NULL))
            WHERE user_id = {userId} AND kind = {kind.Name}
            """;

    private static SqlText ChecksSql(Guid userId, string routerId)
    {
        SqlText[] rules =
        [
            .. RuleKind.All.Select(kind =>
                (SqlText)$"NOT EXISTS (SELECT FROM {kind.Rules} WHERE user_id = {userId} AND router_id = {routerId})"
            ),
        ];
        return $"DELETE FROM blacklist.router_checks WHERE user_id = {userId} AND router_id = {routerId} AND {SqlText.Join(" AND ", rules)}";
    }
}
