namespace NetPilot.Identity.Data.Entities;

/// <summary>A requested mail that resets a password. It is stored whether or not the address has an account, so that both cost the same.</summary>
internal sealed class ResetMail
{
    public Guid Id { get; private init; }

    public string Email { get; private init; } = null!;

    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>The end of a lease or of a backoff; null if the mail is closed.</summary>
    public DateTimeOffset? DueAt { get; private init; }

    public int Attempts { get; private init; }
}

internal sealed class ResetMailConfiguration : IEntityTypeConfiguration<ResetMail>
{
    public void Configure(EntityTypeBuilder<ResetMail> builder)
    {
        builder.ToTable("reset_mails");
        builder.Property(mail => mail.Id).ValueGeneratedNever();
        // In lower case, because the limit is one of the account.
        builder.Property(mail => mail.Email).HasMaxLength(User.MaxEmail);
        builder.Property(mail => mail.Attempts).HasDefaultValue(0);
        builder.HasIndex(mail => new { mail.Email, mail.CreatedAt });
        builder.HasIndex(mail => mail.DueAt).HasFilter("due_at IS NOT NULL");
        builder.HasIndex(mail => mail.CreatedAt);
    }
}
