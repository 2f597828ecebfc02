using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using NetPilot.Persistence;

namespace NetPilot.Routers.Data;

internal sealed class RoutersDbContext(DbContextOptions<RoutersDbContext> options) : DbContext(options)
{
    public const string Schema = "routers";

    public DbSet<UserRouter> Routers => Set<UserRouter>();

    public DbSet<RecordedCommand> Commands => Set<RecordedCommand>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.HasDefaultSchema(Schema).ApplyConfigurationsFromAssembly(typeof(RoutersDbContext).Assembly);
}

internal sealed class RoutersDbContextFactory : IDesignTimeDbContextFactory<RoutersDbContext>
{
    public RoutersDbContext CreateDbContext(string[] args) =>
        new(PersistenceRegistration.DesignTimeOptions<RoutersDbContext>(RoutersDbContext.Schema));
}
