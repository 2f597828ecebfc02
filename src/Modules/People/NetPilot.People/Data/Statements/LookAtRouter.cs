// An upsert, which EF Core has not: the router's row may have gone with the router.
namespace NetPilot.People.Data.Statements;

internal static class LookAtRouter
{
    /// <summary>
    /// Has all of the router looked at, with what is held there by sources that are no more, and gives the lease back. If the router was given up
    /// meanwhile, the row stands for what was stored after that.
    /// </summary>
    public static Task LookAtRouterAsync(
        this PeopleDbContext db,
        OwnedRouter router,
        Lease lease,
        DateTimeOffset now,
        CancellationToken cancellationToken
    ) =>
        db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO people.routers AS router (user_id, router_id, revision, next_change_at, has_orphans)
            VALUES ({router.UserId}, {router.RouterId}, 1, {now}, true)
            ON CONFLICT (user_id, router_id) DO UPDATE
            SET revision = router.revision + 1, has_orphans = true, next_change_at = LEAST(router.next_change_at, excluded.next_change_at),
                lease_id = NULLIF(router.lease_id, {lease.Id}),
                leased_until = CASE WHEN router.lease_id = {lease.Id} THEN NULL ELSE router.leased_until END
            """,
            cancellationToken
        );
}
