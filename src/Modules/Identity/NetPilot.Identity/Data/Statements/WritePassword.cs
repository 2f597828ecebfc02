// Dependent steps in one transaction and one round trip: what follows a change of the password happens only if it was made.

namespace NetPilot.Identity.Data.Statements;

/// <summary>The first result has a row if the password was changed; the last one has the ended sessions.</summary>
internal static class WritePassword
{
    // A hash is salted, so only this batch can have written it. Each statement of a batch sees what the ones before have done.
    private const string Changed = "EXISTS (SELECT FROM identity.users WHERE id = $2 AND password_hash = $3)";

    public static void ByOwner(NpgsqlBatch batch, User user, string hash, long? attemptId, Guid sessionId, EndTerms terms)
    {
        batch.With(
            """
            UPDATE identity.users SET password_hash = $3, password_version = password_version + 1
            WHERE id = $1 AND password_version = $2 AND disabled_at IS NULL AND deleted_at IS NULL
            RETURNING id
            """,
            user.Id,
            user.PasswordVersion,
            hash
        );
        TakeBackAttempt.IfChanged(batch, attemptId, user.Id, hash);
        Follow(batch, user.Id, hash, terms, except: sessionId);
    }

    public static void ByToken(NpgsqlBatch batch, User user, string hash, byte[] tokenHash, byte[] account, EndTerms terms)
    {
        // The user's row is locked first, as by whoever knows the password: two tokens of one user would wait for each other.
        batch
            .With(
                """
                WITH account AS MATERIALIZED (
                    SELECT id FROM identity.users WHERE id = $2 FOR NO KEY UPDATE
                ), token AS (
                    DELETE FROM identity.password_resets
                    WHERE token_hash = $1 AND user_id = (SELECT id FROM account) AND expires_at > $4
                    RETURNING user_id
                )
                UPDATE identity.users SET password_hash = $3, password_version = password_version + 1
                FROM token WHERE id = token.user_id AND deleted_at IS NULL
                RETURNING id
                """,
                tokenHash,
                user.Id,
                hash,
                terms.Lease.Now
            )
            .With($"DELETE FROM identity.login_attempts WHERE account = $1 AND {Changed}", account, user.Id, hash);
        Follow(batch, user.Id, hash, terms, except: null);
    }

    private static void Follow(NpgsqlBatch batch, Guid userId, string hash, EndTerms terms, Guid? except)
    {
        batch.With($"DELETE FROM identity.password_resets WHERE user_id = $1 AND {Changed}", userId, userId, hash);
        EndSessions.AfterPasswordChange(batch, terms, userId, hash, except);
    }
}
