using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Blacklist.Rules;
using NetPilot.Persistence;

namespace NetPilot.Blacklist.Data;

internal sealed class BlacklistDbContext(DbContextOptions<BlacklistDbContext> options) : DbContext(options)
{
    public const string Schema = "blacklist";

    public DbSet<BlockRow> Blocks => Set<BlockRow>();

    public DbSet<LimitedDeviceRow> LimitedDevices => Set<LimitedDeviceRow>();

    public DbSet<WhitelistRow> Whitelist => Set<WhitelistRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(BlacklistDbContext).Assembly);
    }
}

internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<BlacklistDbContext>
{
    public BlacklistDbContext CreateDbContext(string[] args) =>
        new(PersistenceRegistration.DesignTimeOptions<BlacklistDbContext>(BlacklistDbContext.Schema));
}

internal abstract class RuleConfiguration<TRow>(RuleKind kind) : IEntityTypeConfiguration<TRow>
    where TRow : Rule
{
    public void Configure(EntityTypeBuilder<TRow> builder)
    {
        builder.ToTable(kind.Table, table => table.HasCheckConstraint($"ck_{kind.Table}_state", SnakeCase.Check<RuleState>("state")));
        builder.Property(rule => rule.Id).ValueGeneratedNever();
        builder.Property(rule => rule.RouterId).HasMaxLength(128);
        builder.Property(rule => rule.DeviceMac).HasColumnType("macaddr");
        builder.Property(rule => rule.MacConfirmed).HasDefaultValue(false);
        builder.Property(rule => rule.DeviceAliases).HasColumnType("inet[]").HasDefaultValueSql("'{}'");
        builder.Property(rule => rule.Note).HasColumnName(kind.NoteColumn).HasMaxLength(500);
        builder.Property(rule => rule.Code).HasMaxLength(64);
        builder.Property(rule => rule.Detail).HasColumnName("code_detail");
        builder.Property(rule => rule.State).HasMaxLength(8).HasConversion(new SnakeCaseConverter<RuleState>());

        // One live row per device, by MAC or else by address: those two unique indexes are made in the migration, since EF takes neither
        // macaddr nor inet into a unique index.
        builder
            .HasIndex(rule => new
            {
                rule.UserId,
                rule.RouterId,
                rule.CreatedAt,
                rule.Id,
            })
            .HasDatabaseName($"ix_{kind.Table}_live_newest")
            .IsDescending(false, false, true, true)
            .HasFilter(RuleStates.LiveSql);
        builder
            .HasIndex(rule => new
            {
                rule.UserId,
                rule.RouterId,
                rule.State,
                rule.CreatedAt,
                rule.Id,
            })
            .HasDatabaseName($"ix_{kind.Table}_newest")
            .IsDescending(false, false, false, true, true);
        // Finds the newest row of a rule that the router reports.
        builder
            .HasIndex(rule => new
            {
                rule.UserId,
                rule.RouterId,
                rule.DeviceIp,
                rule.CreatedAt,
            })
            .HasDatabaseName($"ix_{kind.Table}_ip");
        builder
            .HasIndex(rule => new
            {
                rule.UserId,
                rule.RouterId,
                rule.DeviceMac,
                rule.CreatedAt,
            })
            .HasDatabaseName($"ix_{kind.Table}_mac");
        builder.HasIndex(rule => rule.SettleAt).HasDatabaseName($"ix_{kind.Table}_settle").HasFilter("settle_at IS NOT NULL");
        builder
            .HasIndex(rule => rule.ExpiresAt)
            .HasDatabaseName($"ix_{kind.Table}_expiry")
            .HasFilter("expires_at IS NOT NULL AND state = 'blocked'");
    }
}

internal sealed class BlockConfiguration() : RuleConfiguration<BlockRow>(RuleKind.Block);

internal sealed class LimitedDeviceConfiguration() : RuleConfiguration<LimitedDeviceRow>(RuleKind.Limited);

internal sealed class WhitelistConfiguration() : RuleConfiguration<WhitelistRow>(RuleKind.Exempt);

internal sealed class RuleCountConfiguration : IEntityTypeConfiguration<RuleCount>
{
    public void Configure(EntityTypeBuilder<RuleCount> builder)
    {
        builder.ToTable("rule_counts", table => table.HasCheckConstraint("ck_rule_counts_live", "live >= 0"));
        builder.HasKey(count => new { count.UserId, count.Kind });
        builder.Property(count => count.Kind).HasMaxLength(16);
    }
}

internal sealed class RouterCheckConfiguration : IEntityTypeConfiguration<RouterCheck>
{
    public void Configure(EntityTypeBuilder<RouterCheck> builder)
    {
        builder.ToTable("router_checks");
        builder.HasKey(check => new { check.UserId, check.RouterId });
        builder.Property(check => check.RouterId).HasMaxLength(128);
        builder.HasIndex(check => check.NextCheckAt);
    }
}
