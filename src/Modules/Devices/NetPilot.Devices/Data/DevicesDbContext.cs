using Microsoft.EntityFrameworkCore.Design;

namespace NetPilot.Devices.Data;

internal sealed class DevicesDbContext(DbContextOptions<DevicesDbContext> options) : DbContext(options)
{
    public const string Schema = "devices";

    public DbSet<UserDevice> Devices => Set<UserDevice>();

    public DbSet<RouterScan> Scans => Set<RouterScan>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.HasDefaultSchema(Schema).ApplyConfigurationsFromAssembly(typeof(DevicesDbContext).Assembly);
}

internal sealed class DevicesDbContextFactory : IDesignTimeDbContextFactory<DevicesDbContext>
{
    public DevicesDbContext CreateDbContext(string[] args) =>
        new(PersistenceRegistration.DesignTimeOptions<DevicesDbContext>(DevicesDbContext.Schema));
}
