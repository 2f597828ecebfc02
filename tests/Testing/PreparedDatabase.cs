using System.Reflection;
using System.Security.Cryptography;
using NetPilot.DevStack.Postgres;
using Npgsql;

namespace NetPilot.Testing;

/// <summary>
/// Databases with every module's schema in place. They are copies of a template, which the first test process of a build makes on each
/// PostgreSQL server: a copy takes some hundredths of a second, the migrations take seconds.
/// </summary>
internal static class PreparedDatabase
{
    private const string Prefix = "netpilot_template_";

    // Who copies the template shares the lock, who makes it has the lock alone. Any constant does.
    private const long LockKey = 0x7465_6D70_6C61_7465;

    private static readonly string Template =
        Prefix
        + Convert.ToHexStringLower(
            SHA256.HashData([
                .. typeof(Program)
                    .Assembly.GetReferencedAssemblies()
                    .Where(name => name.Name!.StartsWith("NetPilot.", StringComparison.Ordinal))
                    .OrderBy(name => name.Name, StringComparer.Ordinal)
                    .SelectMany(name => Assembly.Load(name).ManifestModule.ModuleVersionId.ToByteArray()),
            ])
        )[..16];

    /// <summary>Makes such a database and gives a connection string for it.</summary>
    public static async Task<string> CreateAsync(PostgresServer postgres, string name, CancellationToken cancellationToken)
    {
        // The lock goes with its connection.
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock_shared({LockKey})", cancellationToken);
        if (!await ExistsAsync(connection, cancellationToken))
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock_shared({LockKey})", cancellationToken);
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
            if (!await ExistsAsync(connection, cancellationToken))
            {
                await MakeAsync(postgres, connection, cancellationToken);
            }
        }

        return await postgres.CreateDatabaseAsync(name, Template, cancellationToken);
    }

    private static async Task MakeAsync(PostgresServer postgres, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var old in await TemplatesAsync(connection, cancellationToken))
        {
            await ExecuteAsync(connection, $"DROP DATABASE {old} WITH (FORCE)", cancellationToken);
        }

        // It gets its name when it is whole: a test run that is killed leaves no half of it.
        const string unfinished = Prefix + "unfinished";
        await ExecuteAsync(connection, $"CREATE DATABASE {unfinished} TEMPLATE template0 ENCODING 'UTF8'", cancellationToken);
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:NetPilot"] = postgres.ConnectionStringFor(unfinished) };
        await using (var migration = NetPilotProcess.Launch(settings, "migrate"))
        {
            if (await migration.WaitForExitAsync(cancellationToken) is not 0 and var code)
            {
                throw new InvalidOperationException($"The migration ended with {code}:\n{string.Join('\n', migration.Output)}");
            }
        }

        await ExecuteAsync(connection, $"ALTER DATABASE {unfinished} RENAME TO {Template}", cancellationToken);
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (await TemplatesAsync(connection, cancellationToken)).Contains(Template);

    private static async Task<List<string>> TemplatesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", connection)
        {
            Parameters = { new() { Value = Prefix } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
