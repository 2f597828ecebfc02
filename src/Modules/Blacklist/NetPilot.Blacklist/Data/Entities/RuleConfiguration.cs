using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Blacklist.Data.Entities;

internal abstract class RuleConfiguration<TRow>(RuleKind kind) : IEntityTypeConfiguration<TRow>
    where TRow : Rule
{
    public void Configure(EntityTypeBuilder<TRow> builder)
    {
        builder.ToTable(
            kind.Table,
            table =>
            {
                table.HasCheckConstraint($"ck_{kind.Table}_state", SnakeCase.Check<RuleState>("state"));
                table.HasCheckConstraint($"ck_{kind.Table}_held", "held_manually OR held_until IS NOT NULL");
            }
        );
        builder.Ignore(rule => rule.Kind);
        builder.Property(rule => rule.Id).ValueGeneratedNever();
        builder.Property(rule => rule.RouterId).HasMaxLength(128);
        builder.Property(rule => rule.DeviceMac).HasColumnType("macaddr");
        builder.Property(rule => rule.MacConfirmed).HasDefaultValue(false);
        builder.Property(rule => rule.HeldManually).HasDefaultValue(true);
        builder.Property(rule => rule.DeviceAliases).HasColumnType("inet[]").HasDefaultValueSql("'{}'");
        builder.Property(rule => rule.Note).HasColumnName(kind.NoteColumn).HasMaxLength(500);
        builder.Property(rule => rule.Code).HasMaxLength(64);
        builder.Property(rule => rule.Detail).HasColumnName("code_detail");
        builder.Property(rule => rule.State).HasMaxLength(8).HasConversion(new SnakeCaseConverter<RuleState>());

        // One live row per device, by MAC or else by address: those two unique indexes are made in the migration, since EF takes neither
        // macaddr nor inet into a unique index.
        builder
            .HasIndex(nameof(Rule.UserId), nameof(Rule.RouterId), nameof(Rule.CreatedAt), nameof(Rule.Id))
            .HasDatabaseName($"ix_{kind.Table}_live_newest")
            .IsDescending(false, false, true, true)
            .HasFilter(RuleStates.LiveSql);
        builder
            .HasIndex(nameof(Rule.UserId), nameof(Rule.RouterId), nameof(Rule.State), nameof(Rule.CreatedAt), nameof(Rule.Id))
            .HasDatabaseName($"ix_{kind.Table}_newest")
            .IsDescending(false, false, false, true, true);
        // Finds the newest row of a rule that the router reports.
        builder
            .HasIndex(nameof(Rule.UserId), nameof(Rule.RouterId), nameof(Rule.DeviceIp), nameof(Rule.CreatedAt))
            .HasDatabaseName($"ix_{kind.Table}_ip");
        builder
            .HasIndex(nameof(Rule.UserId), nameof(Rule.RouterId), nameof(Rule.DeviceMac), nameof(Rule.CreatedAt))
            .HasDatabaseName($"ix_{kind.Table}_mac");
        builder.HasIndex(rule => rule.SettleAt).HasDatabaseName($"ix_{kind.Table}_settle").HasFilter("settle_at IS NOT NULL");
        // The index by which expired blocks are found is over an expression, and made in the migration too.
        ConfigureHolds(builder);
    }

    protected virtual void ConfigureHolds(EntityTypeBuilder<TRow> builder) => builder.Ignore(rule => rule.Holds);
}

internal sealed class BlockConfiguration() : RuleConfiguration<BlockRow>(RuleKind.Block)
{
    protected override void ConfigureHolds(EntityTypeBuilder<BlockRow> builder) =>
        builder.HasMany(rule => rule.Holds).WithOne(hold => hold.Rule).HasForeignKey(hold => hold.RuleId).OnDelete(DeleteBehavior.Cascade);
}

internal sealed class LimitedConfiguration() : RuleConfiguration<LimitedRow>(RuleKind.Limited);

internal sealed class ExemptConfiguration() : RuleConfiguration<ExemptRow>(RuleKind.Exempt);

internal sealed class HoldConfiguration : IEntityTypeConfiguration<Hold>
{
    public void Configure(EntityTypeBuilder<Hold> builder)
    {
        builder.ToTable("holds", table => table.HasCheckConstraint("ck_holds_kind", SnakeCase.Check<HoldKind>("kind")));
        builder.Property(hold => hold.Id).ValueGeneratedNever();
        builder.Property(hold => hold.RouterId).HasMaxLength(128);
        builder.Property(hold => hold.Kind).HasMaxLength(8).HasConversion(new SnakeCaseConverter<HoldKind>());
        builder.Ignore(hold => hold.Source);
        builder.HasIndex("UserId", "RouterId", "Kind", "SourceId", "DeviceId").HasDatabaseName("ux_holds_source_device").IsUnique();
        builder.HasIndex(hold => hold.RuleId).HasDatabaseName("ix_holds_rule");
    }
}

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
