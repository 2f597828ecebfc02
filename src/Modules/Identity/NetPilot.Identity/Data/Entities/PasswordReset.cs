namespace NetPilot.Identity.Data.Entities;

/// <summary>A token that sets a new password. It is deleted when it is used.</summary>
internal sealed class PasswordReset
{
    public byte[] TokenHash { get; private init; } = null!;

    public Guid UserId { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset ExpiresAt { get; private init; }
}

internal sealed class PasswordResetConfiguration : IEntityTypeConfiguration<PasswordReset>
{
    public void Configure(EntityTypeBuilder<PasswordReset> builder)
    {
        builder.ToTable("password_resets");
        builder.HasKey(reset => reset.TokenHash);
        builder.HasIndex(reset => reset.ExpiresAt);
        builder.HasOne<User>().WithMany().HasForeignKey(reset => reset.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
