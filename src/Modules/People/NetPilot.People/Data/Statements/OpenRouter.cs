// An upsert that locks the router's row, under which limits are exact, and takes its lease where that is free: EF Core has none of the three.
namespace NetPilot.People.Data.Statements;

internal static class OpenRouter
{
    /// <summary>
    /// Locks the router's row for a change in this transaction, and says that it is due. Where nobody puts the router's state in force at the
    /// moment, this lease does. The first row of a router stands for what an earlier claim of it may have left, too.
    /// </summary>
    /// <returns>Whether the lease is this one.</returns>
    public static async Task<bool> OpenAsync(this PeopleDbContext db, OwnedRouter router, Lease lease, CancellationToken cancellationToken)
    {
        var rows = await db
            .Routers.FromSql(
                $"""
                INSERT INTO people.routers AS router (user_id, router_id, revision, next_change_at, has_orphans, lease_id, leased_until)
                VALUES ({router.UserId}, {router.RouterId}, 1, {lease.TakenAt}, true, {lease.Id}, {lease.Until})
                ON CONFLICT (user_id, router_id) DO UPDATE
                SET revision = router.revision + 1, next_change_at = LEAST(router.next_change_at, excluded.next_change_at),
                    lease_id = CASE WHEN router.leased_until BETWEEN {lease.TakenAt} AND {lease.Latest}
                                    THEN router.lease_id ELSE excluded.lease_id END,
                    leased_until = CASE WHEN router.leased_until BETWEEN {lease.TakenAt} AND {lease.Latest}
                                        THEN router.leased_until ELSE excluded.leased_until END
                RETURNING *
                """
            )
            .AsNoTracking()
            .ToListAsync(cancellationToken);
        return rows.Single().LeaseId == lease.Id;
    }
}

/// <summary>The right to put a router's state in force, until then if this replica dies with it.</summary>
internal sealed record Lease(Guid Id, DateTimeOffset TakenAt)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public DateTimeOffset Until => TakenAt + Longest;

    /// <summary>The end of a lease that is later is from a clock that ran ahead: the lease is over.</summary>
    public DateTimeOffset Latest => Until + Clock.Slack;
}
