using Microsoft.EntityFrameworkCore.Design;

namespace NetPilot.Persistence;

/// <summary>Makes a module's context for <c>dotnet ef</c>; it never connects.</summary>
public abstract class DesignTimeFactory<TContext>(string schema, Func<DbContextOptions<TContext>, TContext> make)
    : IDesignTimeDbContextFactory<TContext>
    where TContext : DbContext
{
    public TContext CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<TContext>();
        PersistenceRegistration.ConfigureModule(builder.UseNpgsql("Host=design-time", PersistenceRegistration.Npgsql(schema)));
        return make(builder.Options);
    }
}
