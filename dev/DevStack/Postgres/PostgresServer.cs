using System.Collections.Concurrent;
using System.Security.Cryptography;
using Npgsql;
using Testcontainers.PostgreSql;

namespace NetPilot.DevStack.Postgres;

/// <summary>
/// A PostgreSQL for tests and for the developer's stack: the one that <c>NETPILOT_TEST_POSTGRES</c> names, else a container where a Docker
/// engine answers, else the binaries on this machine. With <see cref="PostgresOptions.Private"/> or <see cref="PostgresOptions.PersistIn"/> the
/// local binaries come first.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The environment variable with the connection string of a server for tests.</summary>
    public const string EnvironmentVariable = "NETPILOT_TEST_POSTGRES";

    private const string DockerImage = "postgres:17-alpine";

    private readonly LocalCluster? _cluster;
    private readonly PostgreSqlContainer? _container;
    private readonly ConcurrentBag<string> _createdOnShared = [];

    private PostgresServer(
        PostgresSource source,
        string connectionString,
        LocalCluster? cluster = null,
        PostgreSqlContainer? container = null
    )
    {
        Source = source;
        ConnectionString = connectionString;
        _cluster = cluster;
        _container = container;
    }

    /// <summary>Where the server came from.</summary>
    public PostgresSource Source { get; }

    /// <summary>A superuser's connection to the maintenance database. For one's own database see <see cref="CreateDatabaseAsync(string, CancellationToken)"/>.</summary>
    public string ConnectionString { get; }

    /// <summary>The folder of a local cluster (its Unix socket lies there too), else null.</summary>
    public string? Folder => _cluster?.Folder;

    /// <summary>The folder of the local programs (psql beside postgres), else null.</summary>
    public string? BinariesFolder => _cluster?.BinariesFolder;

    /// <summary>Starts a server, or finds the configured one.</summary>
    /// <exception cref="PostgresUnavailableException">There is none to be had.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PostgresOptions();
        var ofOnesOwn = options.Private || options.PersistIn is not null;
        if (!ofOnesOwn && Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } configured)
        {
            await ProbeAsync(configured, cancellationToken);
            return new PostgresServer(PostgresSource.Environment, configured);
        }

        if (!ofOnesOwn || LocalBinaries.Find() is null)
        {
            var container = options.Private ? null : await TryContainerAsync(options, cancellationToken);
            if (container is not null)
            {
                return new PostgresServer(PostgresSource.Docker, container.GetConnectionString(), container: container);
            }
        }

        LocalCluster.SweepLeftovers();
        var cluster = await LocalCluster.StartAsync(options, cancellationToken);
        return new PostgresServer(PostgresSource.LocalBinaries, cluster.ConnectionString, cluster);
    }

    /// <summary>
    /// Creates a database and gives a connection string for it. On a server that others use too (<c>NETPILOT_TEST_POSTGRES</c>) the name gets a
    /// random end, and the database goes when this object is disposed.
    /// </summary>
    public Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken = default) =>
        CreateDatabaseAsync(name, "template0", cancellationToken);

    /// <summary>As <see cref="CreateDatabaseAsync(string, CancellationToken)"/>, as a copy of another database.</summary>
    public async Task<string> CreateDatabaseAsync(string name, string template, CancellationToken cancellationToken)
    {
        var unique = Source is PostgresSource.Environment ? $"{name}_{RandomNumberGenerator.GetHexString(10, lowercase: true)}" : name;
        await ExecuteAsync($"CREATE DATABASE {Quote(unique)} TEMPLATE {Quote(template)} ENCODING 'UTF8'", cancellationToken);
        if (Source is PostgresSource.Environment)
        {
            _createdOnShared.Add(unique);
        }
        return ConnectionStringFor(unique);
    }

    /// <summary>Creates the database unless it exists, and gives a connection string for it: for a server whose data is kept.</summary>
    public async Task<string> EnsureDatabaseAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection)
        {
            Parameters = { new() { Value = name } },
        };
        return await exists.ExecuteScalarAsync(cancellationToken) is null
            ? await CreateDatabaseAsync(name, cancellationToken)
            : ConnectionStringFor(name);
    }

    /// <summary>The connection string for a database of this server.</summary>
    public string ConnectionStringFor(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Stops the server in order (a private one only): connections are closed, then refused, until <see cref="ResumeAsync"/>.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => Own().StopAsync(immediately: false, cancellationToken);

    /// <summary>Starts a stopped server again, on the same port with the same data.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => Own().RunAsync(cancellationToken);

    /// <summary>Stops the server in order and starts it again.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync(cancellationToken);
        await ResumeAsync(cancellationToken);
    }

    /// <summary>Ends the server as a crash would (no checkpoint, every connection broken) and starts it again: it recovers from its log.</summary>
    public async Task KillAsync(CancellationToken cancellationToken = default)
    {
        await Own().StopAsync(immediately: true, cancellationToken);
        await ResumeAsync(cancellationToken);
    }

    /// <summary>Stops the server. What was temporary is deleted.</summary>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        foreach (var database in _createdOnShared)
        {
            await ExecuteAsync($"DROP DATABASE IF EXISTS {Quote(database)} WITH (FORCE)", CancellationToken.None);
        }
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }
    }

    private LocalCluster Own() =>
        _cluster
        ?? throw new InvalidOperationException(
            $"Only a server from local binaries can be stopped: ask for {nameof(PostgresOptions.Private)}."
        );

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, Timeout = 120 }.ConnectionString;
        var connection = new NpgsqlConnection(unpooled);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task ProbeAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or ArgumentException)
        {
            throw new PostgresUnavailableException($"{EnvironmentVariable} is set, but that server does not answer: {e.Message}", e);
        }
    }

    private static async Task<PostgreSqlContainer?> TryContainerAsync(PostgresOptions options, CancellationToken cancellationToken)
    {
        if (!await DockerEngine.AnswersAsync(cancellationToken))
        {
            return null;
        }

        var durable = options.PersistIn is not null;
        string[] lax = durable ? [] : ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];
        var builder = new PostgreSqlBuilder(DockerImage)
            .WithUsername("netpilot")
            .WithDatabase("postgres")
            .WithCommand(["-c", $"max_connections={options.MaxConnections}", .. lax]);
        if (options.PersistIn is { } folder)
        {
            // A named volume outlives the container; the folder's path tells two checkouts apart.
            var path = System.Text.Encoding.UTF8.GetBytes(Path.GetFullPath(folder));
            builder = builder.WithVolumeMount(
                $"netpilot-devstack-{Convert.ToHexStringLower(SHA256.HashData(path))[..12]}",
                "/var/lib/postgresql/data"
            );
        }

        var container = builder.Build();
        try
        {
            await container.StartAsync(cancellationToken);
            return container;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested && LocalBinaries.Find() is not null)
        {
            // The engine answers but cannot bring the image (no network, say): the local binaries can.
            await container.DisposeAsync();
            return null;
        }
    }
}
