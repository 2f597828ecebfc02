namespace NetPilot.People.Data;

internal sealed class PeopleDbContext(DbContextOptions<PeopleDbContext> options) : DbContext(options)
{
    public const string Schema = "people";

    public DbSet<PlannedRouter> Routers => Set<PlannedRouter>();

    public DbSet<Person> People => Set<Person>();

    public DbSet<PersonDevice> Devices => Set<PersonDevice>();

    public DbSet<Schedule> Schedules => Set<Schedule>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.HasDefaultSchema(Schema).ApplyConfigurationsFromAssembly(typeof(PeopleDbContext).Assembly);
}

internal sealed class PeopleDbContextFactory() : DesignTimeFactory<PeopleDbContext>(PeopleDbContext.Schema, options => new(options));
