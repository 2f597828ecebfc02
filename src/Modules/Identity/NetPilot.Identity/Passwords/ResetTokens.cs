using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Passwords;

/// <summary>Tokens that set a new password, once and within half an hour.</summary>
internal sealed class ResetTokens(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>A new token; null if there is no such user.</summary>
    public async Task<ResetToken?> MintAsync(Guid userId, CancellationToken cancellationToken)
    {
        var token = Secret.Make();
        var now = time.UtcNow();
        await using var command = database.Command(
            """
            INSERT INTO identity.password_resets (token_hash, user_id, created_at, expires_at)
            SELECT $1, id, $3, $4 FROM identity.users WHERE id = $2 AND deleted_at IS NULL
            """,
            token.Hash(),
            userId,
            now,
            now + Lifetime
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? new ResetToken(token, now + Lifetime) : null;
    }

    /// <summary>Takes back a token that nobody got to know.</summary>
    public async Task DiscardAsync(ResetToken token)
    {
        await using var command = database.Command("DELETE FROM identity.password_resets WHERE token_hash = $1", token.Secret.Hash());
        await command.ExecuteNonQueryAsync();
    }
}

internal sealed record ResetToken(Secret Secret, DateTimeOffset ExpiresAt);
