// Dependent steps: the attempt is taken back in the batch of the change that it allowed, and only if the change was made.

namespace NetPilot.Identity.Data.Statements;

internal static class TakeBackAttempt
{
    public static void IfOpened(NpgsqlBatch batch, long? attemptId, Guid sessionId) =>
        If(batch, attemptId, "EXISTS (SELECT FROM identity.sessions WHERE id = $2)", sessionId);

    public static void IfDeleted(NpgsqlBatch batch, long? attemptId, Guid userId) =>
        If(batch, attemptId, "EXISTS (SELECT FROM identity.users WHERE id = $2 AND deleted_at IS NOT NULL)", userId);

    public static void IfChanged(NpgsqlBatch batch, long? attemptId, Guid userId, string hash) =>
        If(batch, attemptId, "EXISTS (SELECT FROM identity.users WHERE id = $2 AND password_hash = $3)", userId, hash);

    private static void If(NpgsqlBatch batch, long? attemptId, string condition, params ReadOnlySpan<object?> values)
    {
        if (attemptId is { } id)
        {
            batch.With($"DELETE FROM identity.login_attempts WHERE id = $1 AND {condition}", [id, .. values]);
        }
    }
}
