namespace NetPilot.Devices.Data;

internal sealed class DevicesDbContext(DbContextOptions<DevicesDbContext> options) : DbContext(options)
{
    public const string Schema = "devices";

    public DbSet<UserDevice> Devices => Set<UserDevice>();

    public DbSet<RouterScan> Scans => Set<RouterScan>();

    /// <summary>PostgreSQL's <c>host</c>: an address as text, without the length of its network.</summary>
    public static string Host(IPAddress address) => throw new NotSupportedException($"{address}: only PostgreSQL runs this function.");

    /// <summary>PostgreSQL's <c>normalize</c>: Unicode's normalisation form C.</summary>
    public static string Normalize(string text) => throw new NotSupportedException($"{text}: only PostgreSQL runs this function.");

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema).ApplyConfigurationsFromAssembly(typeof(DevicesDbContext).Assembly);
        modelBuilder.HasDbFunction(() => Host(IPAddress.None)).HasName("host").IsBuiltIn();
        modelBuilder.HasDbFunction(() => Normalize("")).HasName("normalize").IsBuiltIn();
    }
}

internal sealed class DevicesDbContextFactory() : DesignTimeFactory<DevicesDbContext>(DevicesDbContext.Schema, options => new(options));
