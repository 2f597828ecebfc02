// Claims of due routers by many replicas at once: SKIP LOCKED, which EF Core has not. EF Core does not read them either: a worker that looks at
// each start would make each start build the module's model (benchmark start).

namespace NetPilot.People.Data.Statements;

internal static class ClaimRouters
{
    /// <summary>Routers whose time has come and that nobody looks after at the moment, under this lease from now on.</summary>
    public static async Task<List<PlannedRouter>> RunAsync(
        NpgsqlDataSource database,
        Lease lease,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            UPDATE people.routers AS router SET lease_id = $1, leased_until = $2
            FROM (SELECT user_id, router_id FROM people.routers
                  WHERE next_change_at <= $3 AND (leased_until IS NULL OR leased_until <= $3)
                  ORDER BY next_change_at LIMIT $4 FOR UPDATE SKIP LOCKED) AS due
            WHERE router.user_id = due.user_id AND router.router_id = due.router_id
            RETURNING {PlannedRouter.Columns}
            """,
            lease.Id,
            lease.Until,
            lease.TakenAt,
            limit
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAllAsync(PlannedRouter.Read, cancellationToken);
    }
}
