// Dependent steps in one transaction and one round trip: what follows the account's death happens only if it died.

namespace NetPilot.Identity.Data.Statements;

internal static class RemoveAccount
{
    /// <summary>Marks the account as deleted. The first result has a row if that was done; the last one has the ended sessions.</summary>
    public static void Begin(NpgsqlBatch batch, User user, long? attemptId, DateTimeOffset secondLookAt, EndTerms terms)
    {
        batch.With(
            """
            WITH dead AS (
                UPDATE identity.users SET deleted_at = $3
                WHERE id = $1 AND password_version = $2 AND disabled_at IS NULL AND deleted_at IS NULL
                RETURNING id
            )
            INSERT INTO identity.account_deletions (user_id, due_at) SELECT id, $4 FROM dead
            ON CONFLICT (user_id) DO UPDATE SET due_at = excluded.due_at
            RETURNING user_id
            """,
            user.Id,
            user.PasswordVersion,
            terms.Lease.Now,
            secondLookAt
        );
        TakeBackAttempt.IfDeleted(batch, attemptId, user.Id);
        EndSessions.OfDeletedUser(batch, terms, user.Id);
    }

    /// <summary>Deletes the account. Its ended sessions stay without personal data until their ends are delivered.</summary>
    public static void Finish(NpgsqlBatch batch, Guid userId) =>
        batch
            .With(
                """
                DELETE FROM identity.refresh_tokens
                WHERE session_id IN (SELECT id FROM identity.sessions WHERE user_id = $1 AND ended_at IS NOT NULL)
                """,
                userId
            )
            .With("UPDATE identity.sessions SET user_agent = NULL, ip_address = NULL WHERE user_id = $1 AND ended_at IS NOT NULL", userId)
            .With("DELETE FROM identity.users WHERE id = $1 AND deleted_at IS NOT NULL", userId);
}
