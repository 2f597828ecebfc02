using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Persistence;

namespace NetPilot.Routers.Data;

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
        builder.HasIndex(router => router.RouterId).IsUnique();
        builder
            .HasIndex(router => new
            {
                router.UserId,
                router.CreatedAt,
                router.Id,
            })
            .IsDescending(false, true, true);
    }
}
