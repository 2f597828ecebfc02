using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

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

    /// <summary>Whether the schemas are known to be up to date.</summary>
    public bool IsUpToDate => migrated;

    /// <summary>
    /// As <see cref="RunAsync"/>, but waits half a minute for a PostgreSQL that is not there yet, as when a whole stack starts at once. Sets
    /// the clock by PostgreSQL's as well.
    /// </summary>
    /// <exception cref="DatabaseStartException">It does not come, or it refuses us.</exception>
    public async Task RunPatientlyAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await RunAsync(cancellationToken);
                if (time is DatabaseClock clock)
                {
                    // Before anything else asks for the time.
                    await clock.SampleAsync(cancellationToken);
                }

                return;
            }
            catch (NpgsqlException exception) when (IsAway(exception) && time.GetElapsedTime(started) < Patience)
            {
                Log.Waiting(logger, exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
            catch (NpgsqlException exception)
            {
                throw new DatabaseStartException(
                    IsAway(exception)
                        ? $"PostgreSQL (ConnectionStrings:NetPilot) did not answer within {Patience.TotalSeconds:0} s: {exception.Message}"
                        : $"PostgreSQL (ConnectionStrings:NetPilot, ConnectionStrings:NetPilotMigrations) refused: {exception.Message}",
                    exception
                );
            }
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        await using var source = DatabaseSources.Build(
            settings.NetPilotMigrations ?? settings.NetPilot!,
            settings.Pooler,
            "netpilot-migrations"
        );
        await using var guard = await OpenAsync(source, cancellationToken);
        if (guard.PostgreSqlVersion.Major < 15)
        {
            throw new DatabaseStartException(
                $"ConnectionStrings:NetPilot is a PostgreSQL {guard.PostgreSqlVersion}; NetPilot needs 15 or newer."
            );
        }

        await using var turn = await TakeTurnAsync(guard, cancellationToken);
        foreach (var module in modules)
        {
            await MigrateAsync(module, source, settings, cancellationToken);
        }

        if (settings.NetPilotMigrations is not null)
        {
            await GrantToRuntimeRoleAsync(guard, new NpgsqlConnectionStringBuilder(settings.NetPilot).Username, cancellationToken);
        }

        await turn.CommitAsync(cancellationToken);
        migrated = true;
    }

    private static bool IsAway(NpgsqlException exception) => DatabaseFailures.IsUnavailable(exception) && !IsRefused(exception);

    // A wrong password or name is nothing to wait for at a start.
    private static bool IsRefused(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] };

    // What Npgsql finds wrong only now, such as a certificate's file that is not there.
    private static async Task<NpgsqlConnection> OpenAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not (NpgsqlException or OperationCanceledException))
        {
            throw new DatabaseStartException(
                $"PostgreSQL (ConnectionStrings:NetPilot, ConnectionStrings:NetPilotMigrations) cannot be connected to: {exception.Message}",
                exception
            );
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
                Log.WaitingForTurn(logger);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(50, 250)), cancellationToken);
        }
    }

    private async Task MigrateAsync(
        ModuleDatabase module,
        NpgsqlDataSource source,
        DatabaseOptions settings,
        CancellationToken cancellationToken
    )
    {
        // The pooled context of the module runs as the runtime role; this one as the owner of the schema.
        var builderType = typeof(DbContextOptionsBuilder<>).MakeGenericType(module.ContextType);
        var builder = (DbContextOptionsBuilder)Activator.CreateInstance(builderType)!;
        PersistenceRegistration.ConfigureModule(builder.UseNpgsql(source, PersistenceRegistration.Npgsql(module.Schema)));
        builder.UseLoggerFactory(services.GetRequiredService<ILoggerFactory>());
        await using var context = (DbContext)ActivatorUtilities.CreateInstance(services, module.ContextType, builder.Options);

        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToArray();
        if (pending.Length == 0)
        {
            return;
        }

        if (!settings.MigrateOnStart)
        {
            throw new DatabaseStartException(
                $"Database:MigrateOnStart is false and the schema {module.Schema} lacks {pending.Length} migration(s), the first being {pending[0]}."
            );
        }

        Log.Migrating(logger, module.Schema, pending.Length);
        await context.Database.MigrateAsync(cancellationToken);
    }

    private async Task GrantToRuntimeRoleAsync(NpgsqlConnection connection, string? role, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(role))
        {
            return;
        }

        var quoted = new NpgsqlCommandBuilder().QuoteIdentifier(role);
        foreach (var schema in modules.Select(module => module.Schema))
        {
            await ExecuteAsync(
                connection,
                $"""
                GRANT USAGE ON SCHEMA {schema} TO {quoted};
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted};
                GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted};
                """,
                cancellationToken
            );
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Another replica is migrating the database; waiting for it")]
        public static partial void WaitingForTurn(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Waiting for PostgreSQL: {Reason}")]
        public static partial void Waiting(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Information, "Migrating schema {Schema}: {Count} migration(s) to apply")]
        public static partial void Migrating(ILogger logger, string schema, int count);
    }
}

/// <summary>The database keeps the server from starting; the message says why, to the one who starts it.</summary>
public sealed class DatabaseStartException(string message, Exception? cause = null) : Exception(message, cause);
