using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;

namespace NetPilot.Chaos.Tests;

/// <summary>
/// Replicas of the built server in processes of their own, a PostgreSQL of their own, and the Commands-Server: all can be killed and come
/// back.
/// </summary>
internal sealed class ChaosStack : IAsyncDisposable
{
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan SettleInterval = TimeSpan.FromMilliseconds(500);

    private readonly PostgresServer _postgres;
    private readonly Dictionary<string, string?> _settings;
    private readonly NetPilotProcess?[] _replicas;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(35),
    };

    private ChaosStack(PostgresServer postgres, string connectionString, CommandsServerSimulator commands, int replicas)
    {
        _postgres = postgres;
        _replicas = new NetPilotProcess?[replicas];
        Commands = commands;
        // Unlike the replicas, the verdict waits for a busy PostgreSQL.
        Database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString)
            {
                Pooling = false,
                Timeout = 120,
                CommandTimeout = 300,
            }
        );
        _settings = TestSettings.For(connectionString, commands);
        foreach (
            var (key, value) in new (string, string)[]
            {
                ("CommandsServer:Timeouts:Connect", "00:00:01"),
                ("CommandsServer:Timeouts:Session", CommandTimeout.ToString()),
                ("CommandsServer:Timeouts:Command", CommandTimeout.ToString()),
                ("CommandsServer:Timeouts:Scan", CommandTimeout.ToString()),
                ("CommandsServer:Timeouts:Total", "00:00:25"),
                ("CommandsServer:LoginStartBudget", "00:00:01"),
                ("Sessions:SweepInterval", "00:00:00.500"),
                ("Blacklist:SettleInterval", SettleInterval.ToString()),
                ("People:ScheduleInterval", "00:00:00.500"),
                ("Blacklist:ExpiryInterval", "00:00:00.500"),
                ("Blacklist:DriftCheckInterval", "00:00:02"),
                ("Tiers:free:MaxBlocks", "4"),
                ("Serilog:MinimumLevel:Default", "Warning"),
            }
        )
        {
            _settings[key] = value;
        }
    }

    public CommandsServerSimulator Commands { get; }

    public NpgsqlDataSource Database { get; }

    /// <summary>What the replicas said that were ended.</summary>
    public List<string> Output { get; } = [];

    public static async Task<ChaosStack> StartAsync(SimulatorDialect dialect, int replicas, CancellationToken cancellationToken)
    {
        var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, cancellationToken);
        var connectionString = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync("netpilot", cancellationToken))
        {
            MaxPoolSize = 40,
            Timeout = 5,
        }.ConnectionString;
        // A command takes a moment, so that two at once would be seen.
        var commands = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions
            {
                Dialect = dialect,
                CommandTime = TimeSpan.FromMilliseconds(10),
                KeptCalls = 100_000,
            },
            cancellationToken
        );
        var stack = new ChaosStack(postgres, connectionString, commands, replicas);
        await Task.WhenAll(Enumerable.Range(0, replicas).Select(place => stack.StartReplicaAsync(place, cancellationToken)));
        return stack;
    }

    public async Task StartReplicaAsync(int place, CancellationToken cancellationToken) =>
        Volatile.Write(ref _replicas[place], await NetPilotProcess.StartAsync(_settings, cancellationToken));

    /// <summary>SIGKILL: nothing is finished.</summary>
    public async Task KillReplicaAsync(int place)
    {
        if (Interlocked.Exchange(ref _replicas[place], null) is { } replica)
        {
            await replica.KillAsync();
            Output.AddRange(replica.Output);
            await replica.DisposeAsync();
        }
    }

    public Task KillPostgresAsync(CancellationToken cancellationToken) => _postgres.KillAsync(cancellationToken);

    public Task RestartPostgresAsync(CancellationToken cancellationToken) => _postgres.RestartAsync(cancellationToken);

    /// <summary>Sends to any replica that runs. Null: no answer came, so that nothing is known.</summary>
    public async Task<ChaosAnswer?> SendAsync(
        Random random,
        HttpMethod method,
        string path,
        string? token,
        object? body = null,
        string? prefer = null
    )
    {
        var running = _replicas.Where(replica => replica is not null).ToArray();
        if (running.Length == 0 || running[random.Next(running.Length)] is not { } replica)
        {
            return null;
        }

        using var request = new HttpRequestMessage(method, new Uri(replica.Address, "/api/v1/" + path));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : JsonContent.Create(body);
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        try
        {
            using var response = await _http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return new ChaosAnswer((int)response.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text));
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or JsonException or IOException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<Dictionary<string, object?>>> QueryAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Dictionary<string, object?>>();
        while (await reader.ReadAsync())
        {
            rows.Add(
                Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, i => reader.IsDBNull(i) ? null : reader.GetValue(i))
            );
        }

        return rows;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        for (var place = 0; place < _replicas.Length; place++)
        {
            await KillReplicaAsync(place);
        }

        _http.Dispose();
        await Commands.DisposeAsync();
        await Database.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}

internal sealed record ChaosAnswer(int Status, JsonElement Body)
{
    public string? Text(string name) =>
        Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
