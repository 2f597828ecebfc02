namespace NetPilot.Routers.Data.Entities;

/// <summary>When a user at an address was last told that a router is taken, at most <c>Routers:ClaimsPerHour</c> times: nobody may find out by trying which routers exist.</summary>
internal sealed class ClaimRefusals
{
    public Guid UserId { get; private set; }

    public IPAddress Address { get; private set; } = null!;

    public DateTimeOffset[] RefusedAt { get; private set; } = [];

    public DateTimeOffset LastRefusedAt { get; private set; }
}

internal sealed class ClaimRefusalsConfiguration : IEntityTypeConfiguration<ClaimRefusals>
{
    public void Configure(EntityTypeBuilder<ClaimRefusals> builder)
    {
        builder.ToTable("claim_refusals");
        // The primary key (user_id, address) is made in the migration: EF takes no inet into a key. It never writes these rows.
        builder.HasNoKey();
        builder.HasIndex(refusals => refusals.LastRefusedAt);
    }
}
