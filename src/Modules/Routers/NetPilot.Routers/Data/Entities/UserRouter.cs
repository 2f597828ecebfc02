namespace NetPilot.Routers.Data.Entities;

/// <summary>A router that a user has claimed. Claims are made by one statement (<c>MakeClaim</c>), so there is no factory here.</summary>
internal sealed class UserRouter
{
    public const int MaxNameLength = 100;

    public const int MaxTimeZoneLength = 64;

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public string Name { get; private set; } = null!;

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? LastSeenAt { get; private set; }

    public Reachability Reachability { get; private set; }

    /// <summary>The IANA id of the zone that schedules are in, as the user sent it.</summary>
    public string TimeZone { get; private set; } = null!;

    /// <summary>The columns that <see cref="Read"/> expects.</summary>
    public const string Columns = "id, user_id, router_id, name, created_at, last_seen_at, reachability, time_zone";

    public static UserRouter Read(DbDataReader row) =>
        new()
        {
            Id = row.GetGuid(0),
            UserId = row.GetGuid(1),
            RouterId = row.GetString(2),
            Name = row.GetString(3),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(4),
            LastSeenAt = row.Nullable<DateTimeOffset?>(5),
            Reachability = SnakeCase.Parse<Reachability>(row.GetString(6)),
            TimeZone = row.GetString(7),
        };
}

internal sealed class UserRouterConfiguration : IEntityTypeConfiguration<UserRouter>
{
    public void Configure(EntityTypeBuilder<UserRouter> builder)
    {
        builder.ToTable(
            "user_routers",
            table =>
            {
                table.HasCheckConstraint("ck_user_routers_router_id", "router_id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$'");
                table.HasCheckConstraint("ck_user_routers_name", $"char_length(name) BETWEEN 1 AND {UserRouter.MaxNameLength}");
                table.HasCheckConstraint("ck_user_routers_reachability", SnakeCase.Check<Reachability>("reachability"));
            }
        );
        builder
            .Property(router => router.Reachability)
            .HasConversion(new SnakeCaseConverter<Reachability>())
            .HasDefaultValue(Reachability.Unknown);
        builder.Property(router => router.TimeZone).HasMaxLength(UserRouter.MaxTimeZoneLength).HasDefaultValue(TimeZones.Default);
        builder.HasIndex(router => router.RouterId).IsUnique();
        builder.HasIndex("UserId", "CreatedAt", "Id").IsDescending(false, true, true);
    }
}
