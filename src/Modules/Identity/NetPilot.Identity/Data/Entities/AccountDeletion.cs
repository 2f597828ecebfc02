namespace NetPilot.Identity.Data.Entities;

/// <summary>A deleted account, until a worker has repeated the deletion for what a crash interrupted or a late request wrote.</summary>
internal sealed class AccountDeletion
{
    public Guid UserId { get; private init; }

    public DateTimeOffset DueAt { get; private init; }
}

internal sealed class AccountDeletionConfiguration : IEntityTypeConfiguration<AccountDeletion>
{
    public void Configure(EntityTypeBuilder<AccountDeletion> builder)
    {
        // No foreign key, because it outlives the user.
        builder.ToTable("account_deletions");
        builder.HasKey(deletion => deletion.UserId);
        builder.Property(deletion => deletion.UserId).ValueGeneratedNever();
        builder.HasIndex(deletion => deletion.DueAt);
    }
}
