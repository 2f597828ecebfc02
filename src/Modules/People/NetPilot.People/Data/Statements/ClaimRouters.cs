// Claims of due routers by many replicas at once: SKIP LOCKED, which EF Core has not. EF Core does not read them either: a worker that looks at
// each start would make each start build the module's model (benchmark start).

namespace NetPilot.People.Data.Statements;

internal static class ClaimRouters
{
    /// <summary>
    /// Routers whose time has come, or was put off by a clock that ran ahead, and that nobody looks after at the moment, under this lease from now on.
    /// </summary>
    public static async Task<List<PlannedRouter>> RunAsync(
        NpgsqlDataSource database,
        Lease lease,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            UPDATE people.routers AS router
            SET lease_id = $1, leased_until = $2, next_change_at = LEAST(router.next_change_at, $3)
            FROM (SELECT user_id, router_id FROM people.routers
                  WHERE (next_change_at <= $3 OR next_change_at > $5) AND (leased_until IS NULL OR leased_until NOT BETWEEN $3 AND $6)
                  ORDER BY next_change_at LIMIT $4 FOR UPDATE SKIP LOCKED) AS due
            WHERE router.user_id = due.user_id AND router.router_id = due.router_id
            RETURNING {PlannedRouter.Columns}
            """,
            lease.Id,
            lease.Until,
            lease.TakenAt,
            limit,
            RouterPlan.LatestChange(lease.TakenAt) + Clock.Slack,
            lease.Latest
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAllAsync(PlannedRouter.Read, cancellationToken);
    }
}
