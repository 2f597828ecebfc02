// Claims with SKIP LOCKED: each replica takes another mail, under a lease. One that was asked for just now goes before those that are tried again.
namespace NetPilot.Identity.Data.Statements;

internal static class TakeDueMail
{
    public static IQueryable<ResetMail> From(IdentityDbContext db, Lease lease) =>
        db.ResetMails.FromSql(
            $"""
            UPDATE identity.reset_mails SET due_at = {lease.Until}, attempts = attempts + 1
            WHERE id = (
                SELECT id FROM identity.reset_mails WHERE due_at <= {lease.Now} OR due_at > {lease.Latest}
                ORDER BY attempts, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING *
            """
        );
}
