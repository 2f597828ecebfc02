using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace NetPilot.Persistence;

/// <summary>
/// Brings every module's schema up to date at start. An advisory lock lets one replica work at a time, so any number may start at once.
/// </summary>
public sealed partial class DatabaseMigrator(
    IEnumerable<ModuleDatabase> modules,
    IServiceProvider services,
    IOptions<DatabaseOptions> options,
    TimeProvider time,
    ILogger<DatabaseMigrator> logger
)
{
    // Any constant does, as long as all replicas share it.
    private const long LockKey = 0x4E65_7450_696C_6F74;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private volatile bool migrated;

    private static string RuntimeKey => "ConnectionStrings:" + nameof(DatabaseOptions.NetPilot);

    private string OwnerKey =>
        options.Value.NetPilotMigrations is null ? RuntimeKey : "ConnectionStrings:" + nameof(DatabaseOptions.NetPilotMigrations);

    // Null where it owns the schemas itself.
    private string? RuntimeRole =>
        options.Value.NetPilotMigrations is not null
        && new NpgsqlConnectionStringBuilder(options.Value.NetPilot).Username is { Length: > 0 } role
            ? role
            : null;

    /// <summary>Whether the schemas are known to be up to date.</summary>
    public bool IsUpToDate => migrated;

    /// <summary>
    /// Brings the schemas up to date, and waits half a minute for a PostgreSQL that is not there yet, as when a whole stack starts at once. Tries
    /// the role that the server runs as, and sets the clock by PostgreSQL's as well.
    /// </summary>
    /// <exception cref="DatabaseStartException">It does not come, or it refuses us.</exception>
    public Task RunPatientlyAsync(CancellationToken cancellationToken) =>
        PreparePatientlyAsync(options.Value.MigrateOnStart, cancellationToken);

    /// <summary>As <see cref="RunPatientlyAsync"/>, for a command that is not to migrate, whatever <c>Database:MigrateOnStart</c> says.</summary>
    /// <exception cref="DatabaseStartException">Migrations are pending, PostgreSQL does not come, or it refuses us.</exception>
    public Task CheckPatientlyAsync(CancellationToken cancellationToken) => PreparePatientlyAsync(isToApply: false, cancellationToken);

    /// <summary>Applies what is pending, whatever <c>Database:MigrateOnStart</c> says, and waits for PostgreSQL as a start does.</summary>
    /// <returns>How many migrations were applied.</returns>
    /// <exception cref="DatabaseStartException">PostgreSQL does not come, or it refuses us.</exception>
    public async Task<int> ApplyPatientlyAsync(CancellationToken cancellationToken)
    {
        var applied = 0;
        await PatientlyAsync(OwnerKey, async () => applied = await RunAsync(isToApply: true, cancellationToken), cancellationToken);
        return applied;
    }

    /// <summary>
    /// The SQL of all migrations of all modules, which can be run on any earlier schema, and again; and the grants for the role that the server
    /// runs as, where that is another one. PostgreSQL isn't asked.
    /// </summary>
    public string Script()
    {
        var script = new StringBuilder();
        foreach (var module in modules)
        {
            using var context = ContextOf(module, builder => builder.UseNpgsql(PersistenceRegistration.Npgsql(module.Schema)));
            script
                .Append(CultureInfo.InvariantCulture, $"-- {module.Schema}\n")
                .Append(context.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent))
                .Append('\n');
        }

        if (RuntimeRole is { } role)
        {
            script.AppendJoin('\n', modules.Select(module => GrantsOn(module.Schema, role)));
        }

        return script.ToString();
    }

    private async Task PreparePatientlyAsync(bool isToApply, CancellationToken cancellationToken)
    {
        await PatientlyAsync(OwnerKey, () => RunAsync(isToApply, cancellationToken), cancellationToken);
        await PatientlyAsync(
            RuntimeKey,
            async () =>
            {
                await TryRuntimeRoleAsync(cancellationToken);
                if (time is DatabaseClock clock)
                {
                    // Before anything else asks for the time.
                    await clock.SampleAsync(cancellationToken);
                }
            },
            cancellationToken
        );
    }

    private async Task<int> RunAsync(bool isToApply, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        var connectionString = settings.NetPilotMigrations ?? settings.NetPilot!;
        await using var source = DatabaseSources.Build(connectionString, settings.Pooler, "netpilot-migrations");
        await using var guard = await OpenAsync(source, OwnerKey, cancellationToken);
        if (guard.PostgreSqlVersion.Major < 15)
        {
            throw new DatabaseStartException($"{OwnerKey} is a PostgreSQL {guard.PostgreSqlVersion}; NetPilot needs 15 or newer.");
        }

        await DemandTextsAsync(guard, cancellationToken);
        await using var turn = await TakeTurnAsync(guard, cancellationToken);
        var pending = await PendingAsync(source, isToApply, cancellationToken);
        // Only when all are known to be fit for this version.
        foreach (var (module, missing) in pending)
        {
            LogMigrating(logger, module.Schema, missing);
            await using var context = ContextOf(module, builder => Connect(builder, source, module));
            context.Database.SetCommandTimeout(DatabaseSources.MigrationTimeoutOf(connectionString));
            await context.Database.MigrateAsync(cancellationToken);
        }

        if (RuntimeRole is { } role)
        {
            foreach (var module in modules)
            {
                await ExecuteAsync(guard, GrantsOn(module.Schema, role), cancellationToken);
            }
        }

        await turn.CommitAsync(cancellationToken);
        migrated = true;
        return pending.Sum(entry => entry.Missing);
    }

    private async Task DemandTextsAsync(NpgsqlConnection guard, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT pg_encoding_to_char(encoding), lower('I') = 'i', lower('ÄЖ') = 'äж',
                   datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
            FROM pg_database WHERE datname = current_database()
            """,
            guard
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        if (row.GetString(0) is var encoding && encoding != "UTF8")
        {
            throw new DatabaseStartException(
                $"{OwnerKey} is a database with the encoding {encoding}, which cannot hold every name: create it with ENCODING 'UTF8' and LOCALE 'C.UTF-8'."
            );
        }

        if (!row.GetBoolean(1))
        {
            throw new DatabaseStartException(
                $"{OwnerKey} is a database in whose locale \"i\" is not the small letter of \"I\", so that e-mail addresses would not be told apart without regard to case: create it with LOCALE 'C.UTF-8'."
            );
        }

        if (!row.GetBoolean(2))
        {
            LogAsciiCase(logger, OwnerKey);
        }

        if (row.GetBoolean(3))
        {
            LogOtherCollation(logger, OwnerKey);
        }
    }

    private async Task PatientlyAsync(string key, Func<Task> work, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (NpgsqlException exception) when (IsAway(exception) && time.GetElapsedTime(started) < Patience)
            {
                LogWaiting(logger, exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
            catch (NpgsqlException exception)
            {
                throw new DatabaseStartException(
                    IsAway(exception)
                        ? $"PostgreSQL ({key}) did not answer within {Patience.TotalSeconds:0} s: {exception.Message}"
                        : $"PostgreSQL ({key}) refused: {exception.Message}",
                    exception
                );
            }
        }
    }

    // A role that cannot log in, or is led to another database than the owner is, would let each worker fail for ever.
    private async Task TryRuntimeRoleAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(services.GetRequiredService<NpgsqlDataSource>(), RuntimeKey, cancellationToken);
        foreach (var module in modules)
        {
            try
            {
                await ExecuteAsync(connection, $"SELECT FROM {module.Schema}.{PersistenceRegistration.History} LIMIT 1", cancellationToken);
            }
            catch (PostgresException exception)
                when (exception.SqlState
                        is PostgresErrorCodes.InsufficientPrivilege
                            or PostgresErrorCodes.UndefinedTable
                            or PostgresErrorCodes.InvalidSchemaName
                )
            {
                throw new DatabaseStartException(
                    $"{RuntimeKey} cannot read the schema {module.Schema}: it must name the database, and a role with the rights, that {OwnerKey} prepares ({exception.MessageText}).",
                    exception
                );
            }
        }
    }

    private static bool IsAway(NpgsqlException exception) => DatabaseFailures.IsUnavailable(exception) && !IsRefused(exception);

    // A wrong password or name is nothing to wait for at a start.
    private static bool IsRefused(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] };

    // What Npgsql finds wrong only now, such as a certificate's file that is not there.
    private static async Task<NpgsqlConnection> OpenAsync(NpgsqlDataSource source, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not (NpgsqlException or OperationCanceledException))
        {
            throw new DatabaseStartException($"PostgreSQL ({key}) cannot be connected to: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// One replica at a time. The lock goes with its transaction: one of the session's would stay on a pooler's connection for the next who
    /// gets it. Who waits holds no transaction, and so no connection of a pooler's.
    /// </summary>
    private async Task<NpgsqlTransaction> TakeTurnAsync(NpgsqlConnection guard, CancellationToken cancellationToken)
    {
        for (var isTold = false; ; isTold = true)
        {
            var transaction = await guard.BeginTransactionAsync(cancellationToken);
            await using (var command = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({LockKey})", guard, transaction))
            {
                if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                {
                    // It has nothing to do while another connection migrates.
                    await ExecuteAsync(guard, "SET LOCAL idle_in_transaction_session_timeout = 0", cancellationToken);
                    return transaction;
                }
            }

            await transaction.DisposeAsync();
            if (!isTold)
            {
                LogWaitingForTurn(logger);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(50, 250)), cancellationToken);
        }
    }

    // The histories are read without EF Core: the models that it would build take a fifth of a start (docs/benchmarks.md). They are read on
    // a connection of their own, whose locks are gone when a migration wants the table for itself.
    private async Task<List<(ModuleDatabase Module, int Missing)>> PendingAsync(
        NpgsqlDataSource source,
        bool isToApply,
        CancellationToken cancellationToken
    )
    {
        var pending = new List<(ModuleDatabase, int)>();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        foreach (var module in modules)
        {
            var known = module.Migrations();
            var applied = await AppliedAsync(connection, module, cancellationToken);
            if (applied.Except(known).LastOrDefault() is { } unknown)
            {
                throw new DatabaseStartException(
                    $"The schema {module.Schema} has the migration {unknown}, which this version of NetPilot does not know: a newer version has prepared the database."
                );
            }

            var missing = known.Except(applied).ToArray();
            if (missing.Length > 0)
            {
                pending.Add(
                    isToApply
                        ? (module, missing.Length)
                        : throw new DatabaseStartException(
                            $"{(options.Value.MigrateOnStart ? "The" : "Database:MigrateOnStart is false and the")} schema {module.Schema} lacks {missing.Length} migration(s), the first being {missing[0]}: run \"NetPilot.Host migrate\" first."
                        )
                );
            }
        }

        return pending;
    }

    private static async Task<List<string>> AppliedAsync(
        NpgsqlConnection connection,
        ModuleDatabase module,
        CancellationToken cancellationToken
    )
    {
        var history = $"{module.Schema}.{PersistenceRegistration.History}";
        await using var exists = new NpgsqlCommand($"SELECT to_regclass('{history}') IS NOT NULL", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return [];
        }

        await using var command = new NpgsqlCommand($"SELECT migration_id FROM {history} ORDER BY migration_id", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAllAsync(row => row.GetString(0), cancellationToken);
    }

    // The pooled context of the module runs as the runtime role; this one as the owner of the schema.
    private DbContext ContextOf(ModuleDatabase module, Action<DbContextOptionsBuilder> connect)
    {
        var builderType = typeof(DbContextOptionsBuilder<>).MakeGenericType(module.ContextType);
        var builder = (DbContextOptionsBuilder)Activator.CreateInstance(builderType)!;
        connect(builder);
        PersistenceRegistration.ConfigureModule(builder).UseLoggerFactory(services.GetRequiredService<ILoggerFactory>());
        return (DbContext)ActivatorUtilities.CreateInstance(services, module.ContextType, builder.Options);
    }

    private static void Connect(DbContextOptionsBuilder builder, NpgsqlDataSource source, ModuleDatabase module) =>
        builder.UseNpgsql(source, PersistenceRegistration.Npgsql(module.Schema));

    private static string GrantsOn(string schema, string role)
    {
        var quoted = new NpgsqlCommandBuilder().QuoteIdentifier(role);
        return $"""
            GRANT USAGE ON SCHEMA {schema} TO {quoted};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted};
            GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted};
            """;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Another replica is migrating the database; waiting for it")]
    private static partial void LogWaitingForTurn(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "Waiting for PostgreSQL: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);

    [LoggerMessage(
        LogLevel.Warning,
        "{Key} is a database in whose locale only A to Z have small letters, so that searches tell \"KÜCHE\" from \"küche\": create it with LOCALE 'C.UTF-8'"
    )]
    private static partial void LogAsciiCase(ILogger logger, string key);

    [LoggerMessage(
        LogLevel.Warning,
        "{Key} is a database whose indexes were made with another version of its locale than the operating system has now, so that rows may not be found: run REINDEX DATABASE, and then ALTER DATABASE ... REFRESH COLLATION VERSION"
    )]
    private static partial void LogOtherCollation(ILogger logger, string key);

    [LoggerMessage(LogLevel.Information, "Migrating schema {Schema}: {Count} migration(s) to apply")]
    private static partial void LogMigrating(ILogger logger, string schema, int count);
}

/// <summary>The database keeps the server from starting; the message says why, to the one who starts it.</summary>
public sealed class DatabaseStartException(string message, Exception? cause = null) : Exception(message, cause);
