namespace NetPilot.Identity.Passwords;

/// <summary>Tokens that set a new password, once and within half an hour.</summary>
internal sealed class ResetTokens(IDbContextFactory<IdentityDbContext> contexts, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>A new token; null if there is no such user.</summary>
    public async Task<ResetToken?> MintAsync(Guid userId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        var token = new ResetToken(Secret.Make(), now + Lifetime);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Database.ExecuteSqlAsync(MintResetToken.Of(token, userId, now), cancellationToken) == 1 ? token : null;
    }

    /// <summary>Deletes a token that nobody received.</summary>
    public async Task DiscardAsync(ResetToken token)
    {
        var hash = token.Secret.Hash();
        await using var db = await contexts.CreateDbContextAsync();
        await db.PasswordResets.Where(reset => reset.TokenHash == hash).ExecuteDeleteAsync();
    }
}

internal sealed record ResetToken(Secret Secret, DateTimeOffset ExpiresAt);
