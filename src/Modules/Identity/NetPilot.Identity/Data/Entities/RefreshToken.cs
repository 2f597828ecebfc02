namespace NetPilot.Identity.Data.Entities;

/// <summary>A refresh token. A spent one stays while its session is live, so that its reuse is noticed.</summary>
internal sealed class RefreshToken
{
    public byte[] TokenHash { get; private init; } = null!;

    public Guid SessionId { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset? ReplacedAt { get; private init; }

    /// <summary>The successor, encrypted with this token, until it is used.</summary>
    public byte[]? SealedSuccessor { get; private init; }

    /// <summary>The token that this one replaced. Its sealed successor is erased when this one is used.</summary>
    public byte[]? PredecessorHash { get; private init; }
}

internal sealed class RefreshTokenConfiguration : IEntityTypeConfiguration<RefreshToken>
{
    public void Configure(EntityTypeBuilder<RefreshToken> builder)
    {
        builder.ToTable("refresh_tokens");
        builder.HasKey(token => token.TokenHash);
        builder.HasOne<Session>().WithMany().HasForeignKey(token => token.SessionId).OnDelete(DeleteBehavior.Cascade);
    }
}
