namespace NetPilot.People.Data.Entities;

/// <summary>
/// When to look at a router's people and schedules next, and who does. Every change of them locks this row first, so that changes of one router
/// come one after the other.
/// </summary>
internal sealed class PlannedRouter : IOfRouter
{
    /// <summary>The columns, as <see cref="Read"/> reads them.</summary>
    public const string Columns =
        "router.user_id, router.router_id, router.revision, router.next_change_at, router.has_orphans, router.lease_id, router.leased_until";

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    /// <summary>Grows with every change of what is to hold: what was worked out before is not the last word.</summary>
    public long Revision { get; private set; }

    /// <summary>The earliest of the router's changes that come by themselves; past where a change is still to be put in force.</summary>
    public DateTimeOffset? NextChangeAt { get; private set; }

    /// <summary>Whether people or schedules were deleted whose holds are still to end.</summary>
    public bool HasOrphans { get; private set; }

    /// <summary>Who puts the state in force at the moment.</summary>
    public Guid? LeaseId { get; private set; }

    public DateTimeOffset? LeasedUntil { get; private set; }

    public static PlannedRouter Read(DbDataReader row) =>
        new()
        {
            UserId = row.GetGuid(0),
            RouterId = row.GetString(1),
            Revision = row.GetInt64(2),
            NextChangeAt = row.Nullable<DateTimeOffset?>(3),
            HasOrphans = row.GetBoolean(4),
            LeaseId = row.Nullable<Guid?>(5),
            LeasedUntil = row.Nullable<DateTimeOffset?>(6),
        };
}

internal sealed class PlannedRouterConfiguration : IEntityTypeConfiguration<PlannedRouter>
{
    public void Configure(EntityTypeBuilder<PlannedRouter> builder)
    {
        builder.ToTable("routers");
        builder.HasKey(router => new { router.UserId, router.RouterId });
        builder.Property(router => router.RouterId).HasMaxLength(128);
        builder.HasIndex(router => router.NextChangeAt).HasFilter("next_change_at IS NOT NULL");
    }
}
