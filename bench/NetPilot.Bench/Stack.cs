using System.Security.Cryptography;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;

namespace NetPilot.Bench;

/// <summary>A PostgreSQL of its own and a Commands-Server, which answers at once unless it is told otherwise: what all benchmarks share.</summary>
internal sealed class Stack : IAsyncDisposable
{
    private Stack(PostgresServer postgres, CommandsServerSimulator commands)
    {
        Postgres = postgres;
        Commands = commands;
    }

    public PostgresServer Postgres { get; }

    public CommandsServerSimulator Commands { get; }

    /// <param name="commandTime">How long each command of a router takes.</param>
    public static async Task<Stack> StartAsync(TimeSpan commandTime = default)
    {
        var postgres = await PostgresServer.StartAsync(
            new PostgresOptions
            {
                Private = true,
                Settings = new Dictionary<string, string> { ["shared_buffers"] = "512MB", ["max_wal_size"] = "4GB" },
            }
        );
        var commands = await CommandsServerSimulator.StartAsync(new SimulatorOptions { KeptCalls = 100, CommandTime = commandTime });
        return new Stack(postgres, commands);
    }

    /// <summary>A fresh database with NetPilot's schemas: a replica migrates it and stops.</summary>
    public async Task<BenchDatabase> NewDatabaseAsync(string name)
    {
        var connectionString = await Postgres.CreateDatabaseAsync(name);
        var database = new BenchDatabase(connectionString);
        await using var replica = await StartReplicaAsync(database);
        await replica.StopAsync();
        return database;
    }

    /// <summary>The server in a process of its own, with what a production would set but for the limits of calls per minute.</summary>
    public Task<NetPilotProcess> StartReplicaAsync(BenchDatabase database, int connections = 30, string application = "netpilot")
    {
        var connectionString = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            MaxPoolSize = connections,
            ApplicationName = application,
        }.ConnectionString;
        return NetPilotProcess.StartAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:NetPilot"] = connectionString,
                ["CommandsServer:BaseUrl"] = Commands.BaseUrl.ToString(),
                ["CommandsServer:Dialect"] = "plan",
                ["Auth:SigningKeys:0:Id"] = "bench",
                ["Auth:SigningKeys:0:Key"] = database.SigningKey,
                ["Auth:AccessTokenLifetime"] = "01:00:00",
                ["RateLimits:Enabled"] = "false",
                ["Serilog__ConsoleLevel"] = "Error",
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        await Commands.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

/// <summary>One of the databases, for seeding and looking.</summary>
internal sealed class BenchDatabase(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "bench", CommandTimeout = 600 }
    );

    public string ConnectionString { get; } = connectionString;

    public string SigningKey { get; init; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>What the planner knows after a while of normal life.</summary>
    public Task AnalyzeAsync() => ExecuteAsync("VACUUM ANALYZE");

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private NpgsqlCommand Command(string sql, object[] values)
    {
        var command = source.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
