using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;

namespace NetPilot.Identity.Data;

internal sealed class IdentityDbContext(DbContextOptions<IdentityDbContext> options) : DbContext(options)
{
    public const string Schema = "identity";

    public DbSet<User> Users => Set<User>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<RefreshToken> RefreshTokens => Set<RefreshToken>();

    /// <summary>The user with this e-mail, whatever its case. PostgreSQL lowers both sides, as its index does.</summary>
    public IQueryable<User> UsersByEmail(string email) =>
        Users.FromSql($"SELECT * FROM identity.users WHERE lower(email) = lower({email})");

    /// <summary>The users whose e-mail begins so, whatever its case.</summary>
    public IQueryable<User> UsersByEmailPrefix(string beginning)
    {
        // LIKE's own signs mean themselves here.
        var pattern = Regex.Replace(beginning, @"[\\%_]", @"\$0") + "%";
        return Users.FromSql($"SELECT * FROM identity.users WHERE lower(email) LIKE lower({pattern})");
    }

    public DbSet<PasswordReset> PasswordResets => Set<PasswordReset>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(IdentityDbContext).Assembly);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<UserTier>().HaveConversion<SnakeCaseConverter<UserTier>>();
        configurationBuilder.Properties<UserRole>().HaveConversion<SnakeCaseConverter<UserRole>>();
        configurationBuilder.Properties<CommandsState>().HaveConversion<SnakeCaseConverter<CommandsState>>();
        configurationBuilder.Properties<SessionEndReason>().HaveConversion<SnakeCaseConverter<SessionEndReason>>();
    }
}

/// <summary>Makes the context for <c>dotnet ef</c>.</summary>
internal sealed class IdentityDbContextFactory : IDesignTimeDbContextFactory<IdentityDbContext>
{
    public IdentityDbContext CreateDbContext(string[] args) =>
        new(PersistenceRegistration.DesignTimeOptions<IdentityDbContext>(IdentityDbContext.Schema));
}
