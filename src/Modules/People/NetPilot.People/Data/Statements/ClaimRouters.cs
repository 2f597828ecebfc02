// Claims of due routers by many replicas at once: SKIP LOCKED, which EF Core has not.
namespace NetPilot.People.Data.Statements;

internal static class ClaimRouters
{
    /// <summary>Routers whose time has come and that nobody looks after at the moment, under this lease from now on.</summary>
    public static Task<List<PlannedRouter>> ClaimAsync(
        this PeopleDbContext db,
        Lease lease,
        int limit,
        CancellationToken cancellationToken
    ) =>
        db
            .Routers.FromSql(
                $"""
                UPDATE people.routers AS router SET lease_id = {lease.Id}, leased_until = {lease.Until}
                FROM (SELECT user_id, router_id FROM people.routers
                      WHERE next_change_at <= {lease.TakenAt} AND (leased_until IS NULL OR leased_until <= {lease.TakenAt})
                      ORDER BY next_change_at LIMIT {limit} FOR UPDATE SKIP LOCKED) AS due
                WHERE router.user_id = due.user_id AND router.router_id = due.router_id
                RETURNING router.*
                """
            )
            .AsNoTracking()
            .ToListAsync(cancellationToken);
}
