using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Routers.Data;

/// <summary>When a user at an address was last told that a router is taken, at most <c>Routers:ClaimsPerHour</c> times: nobody may find out by trying which routers exist.</summary>
internal sealed class ClaimRefusals
{
    private ClaimRefusals() { }

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
        // No key in EF's eyes, which wants keys that sort; the rows are only touched by the statement that claims.
        builder.HasNoKey();
        builder.HasIndex(refusals => new { refusals.UserId, refusals.Address }).IsUnique();
        builder.HasIndex(refusals => refusals.LastRefusedAt);
    }
}
