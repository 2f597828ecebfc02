// Claims with SKIP LOCKED: each replica takes other deletions, under a lease.
namespace NetPilot.Identity.Data.Statements;

internal static class TakeDueDeletions
{
    public static IQueryable<AccountDeletion> From(IdentityDbContext db, Lease lease, int most) =>
        db.AccountDeletions.FromSql(
            $"""
            UPDATE identity.account_deletions SET due_at = {lease.Until}
            WHERE user_id IN (
                SELECT user_id FROM identity.account_deletions WHERE due_at <= {lease.Now}
                ORDER BY due_at LIMIT {most} FOR UPDATE SKIP LOCKED
            )
            RETURNING *
            """
        );
}
