// Claims of routers by many replicas at once: SKIP LOCKED, which EF Core has not. Each router gets a next time of its own.
namespace NetPilot.Blacklist.Data.Statements;

internal static class ClaimChecks
{
    /// <summary>
    /// Routers whose rules are to be compared with the rows. They are due again when the claim runs out, unless <see cref="FinishChecksAsync"/> says
    /// that the check was made.
    /// </summary>
    public static Task<List<(Guid UserId, string RouterId)>> ClaimChecksAsync(
        this RuleStore store,
        ClaimTerms terms,
        CancellationToken cancellationToken
    ) =>
        store.ClaimAsync(
            $"""
            UPDATE blacklist.router_checks AS due SET next_check_at = {terms.Until}
            FROM (SELECT user_id, router_id FROM blacklist.router_checks
                  WHERE next_check_at <= {terms.Now} OR next_check_at > {terms.Latest}
                  ORDER BY next_check_at LIMIT {terms.Limit} FOR UPDATE SKIP LOCKED) AS claimed
            WHERE due.user_id = claimed.user_id AND due.router_id = claimed.router_id
            RETURNING due.user_id, due.router_id
            """,
            row => (row.GetGuid(0), row.GetString(1)),
            cancellationToken
        );

    /// <summary>Puts checks off to their next time. One that was asked for since it was claimed comes at that time.</summary>
    public static Task FinishChecksAsync(
        this RuleStore store,
        IReadOnlyCollection<(Guid UserId, string RouterId)> checks,
        DateTimeOffset claimedUntil,
        DateTimeOffset now,
        TimeSpan interval
    )
    {
        Guid[] users = [.. checks.Select(check => check.UserId)];
        string[] routers = [.. checks.Select(check => check.RouterId)];
        return store.ExecuteAsync(
            $"""
            UPDATE blacklist.router_checks AS due SET next_check_at = {now} + {interval} * (0.9 + 0.2 * random())
            FROM unnest({users}, {routers}) AS done (user_id, router_id)
            WHERE due.user_id = done.user_id AND due.router_id = done.router_id AND due.next_check_at = {claimedUntil}
            """
        );
    }
}
