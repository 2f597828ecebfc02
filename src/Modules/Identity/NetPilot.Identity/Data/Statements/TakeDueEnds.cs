// Claims with SKIP LOCKED: each replica takes other ends, under a lease.
namespace NetPilot.Identity.Data.Statements;

internal static class TakeDueEnds
{
    public static IQueryable<Session> From(IdentityDbContext db, Lease lease, int most) =>
        db.Sessions.FromSql(
            $"""
            UPDATE identity.sessions SET end_due_at = {lease.Until}
            WHERE id IN (
                SELECT id FROM identity.sessions WHERE commands_state = 'ending' AND end_due_at <= {lease.Now}
                ORDER BY end_due_at LIMIT {most} FOR UPDATE SKIP LOCKED
            )
            RETURNING *
            """
        );
}
