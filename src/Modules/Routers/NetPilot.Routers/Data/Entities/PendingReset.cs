namespace NetPilot.Routers.Data.Entities;

/// <summary>A router that was given up and still holds the rules of its last owner.</summary>
internal sealed class PendingReset
{
    public string RouterId { get; private set; } = null!;

    public DateTimeOffset RequestedAt { get; private set; }

    public int Attempts { get; private set; }

    public DateTimeOffset NextAttemptAt { get; private set; }

    /// <summary>Until when a replica's worker has it in hand.</summary>
    public DateTimeOffset? LeasedUntil { get; private set; }

    /// <summary>How often the router, which could be asked for its rules, refused the reset.</summary>
    public int Refusals { get; private set; }

    /// <summary>The code of the latest refusal.</summary>
    public string? RefusedCode { get; private set; }
}

internal sealed class PendingResetConfiguration : IEntityTypeConfiguration<PendingReset>
{
    public void Configure(EntityTypeBuilder<PendingReset> builder)
    {
        builder.ToTable("pending_resets");
        builder.HasKey(reset => reset.RouterId);
        builder.HasIndex(reset => reset.NextAttemptAt);
        builder.Property(reset => reset.Refusals).HasDefaultValue(0);
    }
}
