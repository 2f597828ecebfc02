namespace NetPilot.Routers.Data.Entities;

/// <summary>How many routers a user has: the row that concurrent claims of one user queue at, so that the tier's limit is exact.</summary>
internal sealed class UserRouterCount
{
    public Guid UserId { get; private set; }

    public int Routers { get; private set; }
}

internal sealed class UserRouterCountConfiguration : IEntityTypeConfiguration<UserRouterCount>
{
    public void Configure(EntityTypeBuilder<UserRouterCount> builder)
    {
        builder.ToTable("user_router_counts", table => table.HasCheckConstraint("ck_user_router_counts_routers", "routers >= 0"));
        builder.HasKey(count => count.UserId);
    }
}
