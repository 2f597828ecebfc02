// Dependent steps: a session ends and, if the Commands-Server may know it, the delivery of its end is due under a lease.

namespace NetPilot.Identity.Data.Statements;

/// <summary>Why sessions end, and the lease of the deliveries of their ends.</summary>
internal sealed record EndTerms(SessionEndReason Reason, Lease Lease);

/// <summary>Each method adds one statement to the batch. <see cref="ReadAsync"/> reads the result.</summary>
internal static class EndSessions
{
    private const string MayBeKnown = "(commands_state IN ('starting', 'ready') OR start_until IS NOT NULL)";

    public static void Own(NpgsqlBatch batch, EndTerms terms, Guid userId, Guid sessionId) =>
        Where(batch, terms, "id = $4 AND user_id = $5 AND expires_at > $1", sessionId, userId);

    public static void One(NpgsqlBatch batch, EndTerms terms, Guid sessionId) => Where(batch, terms, "id = $4", sessionId);

    public static void OfUser(NpgsqlBatch batch, EndTerms terms, Guid userId) => Where(batch, terms, "user_id = $4", userId);

    /// <summary>The sessions of an account that a statement before this one has deleted.</summary>
    public static void OfDeletedUser(NpgsqlBatch batch, EndTerms terms, Guid userId) =>
        Where(batch, terms, "user_id = $4 AND EXISTS (SELECT FROM identity.users WHERE id = $4 AND deleted_at IS NOT NULL)", userId);

    /// <summary>The sessions of an account whose password a statement before this one has changed, except one.</summary>
    public static void AfterPasswordChange(NpgsqlBatch batch, EndTerms terms, Guid userId, string hash, Guid? except) =>
        Where(
            batch,
            terms,
            "user_id = $4 AND id IS DISTINCT FROM $5::uuid AND EXISTS (SELECT FROM identity.users WHERE id = $4 AND password_hash = $6)",
            userId,
            except,
            hash
        );

    /// <summary>The longest unused sessions of the user beyond a number. The newest one stays.</summary>
    public static void Surplus(NpgsqlBatch batch, EndTerms terms, Guid userId, Guid newest, int most) =>
        Where(
            batch,
            terms,
            """
            id IN (
                SELECT id FROM identity.sessions WHERE user_id = $4 AND ended_at IS NULL AND expires_at > $1
                ORDER BY id = $5 DESC, last_used_at DESC, id DESC OFFSET $6
            )
            """,
            userId,
            newest,
            most
        );

    /// <summary>Claims expired sessions, up to a number.</summary>
    public static void Expired(NpgsqlBatch batch, EndTerms terms, int most) =>
        Where(
            batch,
            terms,
            """
            id IN (
                SELECT id FROM identity.sessions WHERE ended_at IS NULL AND expires_at <= $1
                ORDER BY expires_at LIMIT $4 FOR UPDATE SKIP LOCKED
            )
            """,
            most
        );

    public static void ExpiredMaintenance(NpgsqlBatch batch, EndTerms terms) => Where(batch, terms, "user_id IS NULL AND expires_at <= $1");

    /// <summary>Sessions that an operator ended in the database: the Commands-Server has to learn of it too.</summary>
    public static void EndedByHand(NpgsqlBatch batch, EndTerms terms) =>
        Update(batch, terms, "ended_at IS NOT NULL AND commands_state NOT IN ('ending', 'ended')");

    /// <summary>Reads the ended sessions from the reader's present result to its last. Null: the Commands-Server never knew the session.</summary>
    public static async Task<List<EndingSession?>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var ended = new List<EndingSession?>();
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                ended.Add(reader.GetBoolean(0) ? EndingSession.Read(reader, 1) : null);
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return ended;
    }

    private static void Where(NpgsqlBatch batch, EndTerms terms, string condition, params ReadOnlySpan<object?> values) =>
        Update(batch, terms, $"ended_at IS NULL AND {condition}", values);

    private static void Update(NpgsqlBatch batch, EndTerms terms, string condition, params ReadOnlySpan<object?> values) =>
        batch.With(
            $"""
            UPDATE identity.sessions SET
                ended_at = coalesce(ended_at, $1),
                end_reason = coalesce(end_reason, $2),
                commands_state = CASE WHEN {MayBeKnown} THEN 'ending' ELSE 'ended' END,
                end_due_at = CASE WHEN {MayBeKnown} THEN $3::timestamptz END
            WHERE {condition}
            RETURNING commands_state = 'ending', {EndingSession.Columns}
            """,
            [terms.Lease.Now, SnakeCase.Of(terms.Reason), terms.Lease.Until, .. values]
        );
}
