// Claims of routers by many replicas at once: SKIP LOCKED, which EF Core has not.
namespace NetPilot.Blacklist.Data.Statements;

internal static class ClaimChecks
{
    /// <summary>Routers whose rules are to be compared with the rows, each put off to its next time as it is handed out.</summary>
    public static Task<List<(Guid UserId, string RouterId)>> ClaimChecksAsync(
        this RuleStore store,
        ClaimTerms terms,
        TimeSpan interval,
        CancellationToken cancellationToken
    ) =>
        store.ClaimAsync(
            $"""
            UPDATE blacklist.router_checks AS due SET next_check_at = {terms.Now} + {interval} * (0.9 + 0.2 * random())
            FROM (SELECT user_id, router_id FROM blacklist.router_checks WHERE next_check_at <= {terms.Now}
                  ORDER BY next_check_at LIMIT {terms.Limit} FOR UPDATE SKIP LOCKED) AS claimed
            WHERE due.user_id = claimed.user_id AND due.router_id = claimed.router_id
            RETURNING due.user_id, due.router_id
            """,
            row => (row.GetGuid(0), row.GetString(1)),
            cancellationToken
        );
}
