namespace NetPilot.Identity.Data;

internal sealed class IdentityDbContext(DbContextOptions<IdentityDbContext> options) : DbContext(options)
{
    public const string Schema = "identity";

    public DbSet<User> Users => Set<User>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<PasswordReset> PasswordResets => Set<PasswordReset>();

    public DbSet<LoginAttempt> LoginAttempts => Set<LoginAttempt>();

    public DbSet<KnownNetwork> KnownNetworks => Set<KnownNetwork>();

    public DbSet<ResetMail> ResetMails => Set<ResetMail>();

    public DbSet<AccountDeletion> AccountDeletions => Set<AccountDeletion>();

    /// <summary>PostgreSQL's <c>lower</c>, which the indexes on the e-mail use.</summary>
    public static string Lower(string text) => throw new NotSupportedException($"{text}: only PostgreSQL runs this function.");

    /// <summary>The user with this e-mail in any case.</summary>
    public IQueryable<User> UsersByEmail(string email) => Users.Where(user => Lower(user.Email) == Lower(email));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema).ApplyConfigurationsFromAssembly(typeof(IdentityDbContext).Assembly);
        modelBuilder.HasDbFunction(() => Lower("")).HasName("lower").IsBuiltIn();
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<UserTier>().HaveConversion<SnakeCaseConverter<UserTier>>();
        configurationBuilder.Properties<UserRole>().HaveConversion<SnakeCaseConverter<UserRole>>();
        configurationBuilder.Properties<CommandsState>().HaveConversion<SnakeCaseConverter<CommandsState>>();
        configurationBuilder.Properties<SessionEndReason>().HaveConversion<SnakeCaseConverter<SessionEndReason>>();
    }
}

internal sealed class IdentityDbContextFactory() : DesignTimeFactory<IdentityDbContext>(IdentityDbContext.Schema, options => new(options));
