using System.Reflection;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace NetPilot.Persistence;

public static class PersistenceRegistration
{
    internal const string History = "__ef_migrations_history";

    // The check finds faults of ours. Where it runs out of memory, a pooled context fails everybody who gets it from then on.
#if DEBUG
    private const bool ChecksThreadSafety = true;
#else
    private const bool ChecksThreadSafety = false;
#endif

    /// <summary>Adds the one data source that all modules share, and the migrator.</summary>
    public static IServiceCollection AddPersistence(this IServiceCollection services, IConfiguration configuration)
    {
        var section = configuration.GetSection("Database");
        services
            .AddOptions<DatabaseOptions>()
            .Configure(options =>
            {
                options.NetPilot = configuration.GetConnectionString(nameof(DatabaseOptions.NetPilot));
                var migrations = configuration.GetConnectionString(nameof(DatabaseOptions.NetPilotMigrations));
                options.NetPilotMigrations = string.IsNullOrWhiteSpace(migrations) ? null : migrations;
            })
            .Bind(section)
            // The binder takes numbers and lists of names too.
            .Validate(
                _ =>
                    section["Pooler"] is not { } pooler
                    || Enum.GetNames<DatabasePooler>().Contains(pooler, StringComparer.OrdinalIgnoreCase),
                "Database:Pooler must be none or transaction."
            )
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<DatabaseOptions>, DatabaseOptionsValidator>();
        services.TryAddKeyedSingleton(DatabaseClock.Machine, TimeProvider.System);
        services.AddSingleton<DatabaseClock>();
        services.TryAddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<DatabaseOptions>>().Value;
            return DatabaseSources.BuildPool(options.NetPilot!, options.Pooler, loggers: provider.GetRequiredService<ILoggerFactory>());
        });
        services.AddSingleton(provider => provider.GetRequiredService<DatabasePool>().Source);
        services.AddSingleton<DatabaseHealth>();
        services.AddSingleton<DatabaseMigrator>();
        return services;
    }

    /// <summary>
    /// Adds a module's context: its own schema, snake_case names, and a migrations history in that schema. What is not made for a request takes
    /// the factory.
    /// </summary>
    public static IServiceCollection AddModuleDbContext<TContext>(this IServiceCollection services, string schema)
        where TContext : DbContext
    {
        services.AddSingleton<IDbContextFactory<TContext>>(provider => new LateContextFactory<TContext>(() =>
        {
            var options = new DbContextOptionsBuilder<TContext>();
            options.UseApplicationServiceProvider(provider).UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), Npgsql(schema));
            ConfigureModule(options);
            return options.Options;
        }));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<TContext>>().CreateDbContext());
        services.AddSingleton(new ModuleDatabase(typeof(TContext), schema));
        return services;
    }

    internal static Action<Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.NpgsqlDbContextOptionsBuilder> Npgsql(string schema) =>
        npgsql =>
            npgsql
                .MigrationsHistoryTable(History, schema)
                .SetPostgresVersion(15, 0)
                .ExecutionStrategy(dependencies => new DatabaseRetry.Strategy(dependencies));

    internal static DbContextOptionsBuilder ConfigureModule(DbContextOptionsBuilder options) =>
        options
            .UseSnakeCaseNamingConvention()
            .EnableThreadSafetyChecks(ChecksThreadSafety)
            // A row that somebody else changed first is an answer (409, 404), not an incident, and so is a PostgreSQL that is away (503). What
            // failed is told once, by whoever catches it.
            .ConfigureWarnings(warnings =>
                warnings
                    .Ignore(CoreEventId.SaveChangesFailed)
                    .Log(
                        (RelationalEventId.CommandError, LogLevel.Debug),
                        (RelationalEventId.TransactionError, LogLevel.Debug),
                        (CoreEventId.QueryIterationFailed, LogLevel.Debug)
                    )
            );
}

/// <summary>A module's context and schema, for the migrator.</summary>
public sealed record ModuleDatabase(Type ContextType, string Schema)
{
    /// <summary>The ids of the context's migrations, oldest first, as EF Core finds them.</summary>
    internal string[] Migrations() =>
        [
            .. ContextType
                .Assembly.GetTypes()
                .Where(type => type.GetCustomAttribute<DbContextAttribute>()?.ContextType == ContextType)
                .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
                .OfType<string>()
                .Order(StringComparer.Ordinal),
        ];
}
