using NetPilot.Idempotency.Data;
using NetPilot.Idempotency.Data.Entities;

namespace NetPilot.Routers.Data;

internal sealed class RoutersDbContext(DbContextOptions<RoutersDbContext> options) : DbContext(options), IIdempotencyContext
{
    public const string Schema = "routers";

    public DbSet<UserRouter> Routers => Set<UserRouter>();

    public DbSet<UserRouterCount> RouterCounts => Set<UserRouterCount>();

    public DbSet<ClaimRefusals> ClaimRefusals => Set<ClaimRefusals>();

    public DbSet<RecordedCommand> Commands => Set<RecordedCommand>();

    public DbSet<RouterTurnRow> Turns => Set<RouterTurnRow>();

    public DbSet<PendingReset> PendingResets => Set<PendingReset>();

    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder
            .HasDefaultSchema(Schema)
            .ApplyConfigurationsFromAssembly(typeof(RoutersDbContext).Assembly)
            .ApplyConfiguration(new IdempotencyKeyConfiguration());
}

internal sealed class RoutersDbContextFactory() : DesignTimeFactory<RoutersDbContext>(RoutersDbContext.Schema, options => new(options));
