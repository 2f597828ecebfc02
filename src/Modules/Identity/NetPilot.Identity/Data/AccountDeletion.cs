using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Identity.Data;

/// <summary>
/// An account that was deleted, until the worker has gone over it once more: for what a crash cut short, and for what a request that was
/// under way wrote after the deletion.
/// </summary>
internal sealed class AccountDeletion
{
    private AccountDeletion() { }

    public Guid UserId { get; private init; }

    public DateTimeOffset DueAt { get; private init; }
}

internal sealed class AccountDeletionConfiguration : IEntityTypeConfiguration<AccountDeletion>
{
    public void Configure(EntityTypeBuilder<AccountDeletion> builder)
    {
        // No foreign key: it outlives the user.
        builder.ToTable("account_deletions");
        builder.HasKey(deletion => deletion.UserId);
        builder.Property(deletion => deletion.UserId).ValueGeneratedNever();
        builder.HasIndex(deletion => deletion.DueAt);
    }
}
