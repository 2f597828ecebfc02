// Dependent steps in one round trip, and a row lock: the token is stored only if the user exists. Who deletes the account at the same time is waited
// for, from its first step on.

namespace NetPilot.Identity.Data.Statements;

internal static class MintResetToken
{
    public static FormattableString Of(ResetToken token, Guid userId, DateTimeOffset now) =>
        $"""
            INSERT INTO identity.password_resets (token_hash, user_id, created_at, expires_at)
            SELECT {token.Secret.Hash()}, id, {now}, {token.ExpiresAt} FROM identity.users WHERE id = {userId} AND deleted_at IS NULL
            FOR SHARE
            """;
}
