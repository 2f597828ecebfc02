namespace NetPilot.Blacklist.Data;

internal sealed class BlacklistDbContext(DbContextOptions<BlacklistDbContext> options) : DbContext(options)
{
    public const string Schema = "blacklist";

    public DbSet<BlockRow> Blocks => Set<BlockRow>();
    public DbSet<LimitedRow> Limited => Set<LimitedRow>();
    public DbSet<ExemptRow> Exempt => Set<ExemptRow>();
    public DbSet<Hold> Holds => Set<Hold>();
    public DbSet<RuleCount> Counts => Set<RuleCount>();
    public DbSet<RouterCheck> Checks => Set<RouterCheck>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(BlacklistDbContext).Assembly);
    }
}

internal sealed class BlacklistDbContextFactory()
    : DesignTimeFactory<BlacklistDbContext>(BlacklistDbContext.Schema, options => new(options));
