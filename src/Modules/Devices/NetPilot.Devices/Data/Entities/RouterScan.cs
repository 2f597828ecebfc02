using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Devices.Data.Entities;

/// <summary>The time of the request for the newest stored scan of a router. Scans lock this row, so they are stored one after the other.</summary>
internal sealed class RouterScan
{
    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public DateTimeOffset ScannedAt { get; private set; }
}

internal sealed class RouterScanConfiguration : IEntityTypeConfiguration<RouterScan>
{
    public void Configure(EntityTypeBuilder<RouterScan> builder)
    {
        builder.ToTable("router_scans");
        builder.HasKey(scan => new { scan.UserId, scan.RouterId });
    }
}
