using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Identity.Data;

/// <summary>
/// Somebody asked for a mail with a link that resets a password. Kept for every address, with an account or without, so that asking costs
/// the same; only the worker that sends it looks whether there is an account.
/// </summary>
internal sealed class ResetMail
{
    private ResetMail() { }

    public Guid Id { get; private init; }

    public string Email { get; private init; } = null!;

    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When to send it: the lease of whoever sends it now, or the end of a back-off; null when that is over.</summary>
    public DateTimeOffset? DueAt { get; private init; }

    public int Attempts { get; private init; }
}

internal sealed class ResetMailConfiguration : IEntityTypeConfiguration<ResetMail>
{
    public void Configure(EntityTypeBuilder<ResetMail> builder)
    {
        builder.ToTable("reset_mails");
        builder.Property(mail => mail.Id).ValueGeneratedNever();
        // In lower case: what counts here is the account.
        builder.Property(mail => mail.Email).HasMaxLength(User.MaxEmail);
        builder.Property(mail => mail.Attempts).HasDefaultValue(0);
        builder.HasIndex(mail => new { mail.Email, mail.CreatedAt });
        builder.HasIndex(mail => mail.DueAt).HasFilter("due_at IS NOT NULL");
        builder.HasIndex(mail => mail.CreatedAt);
    }
}
