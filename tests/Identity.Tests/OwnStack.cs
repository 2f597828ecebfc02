using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>
/// Servers in processes of their own with a database and a Commands-Server of their own: for what kills a server, stops the Commands-Server
/// or makes it fail for everybody.
/// </summary>
public sealed class OwnStack : IAsyncDisposable
{
    private readonly Dictionary<string, string?> settings;
    private readonly NpgsqlDataSource database;
    private readonly List<NetPilotProcess> replicas = [];

    private OwnStack(Dictionary<string, string?> settings, NpgsqlDataSource database, CommandsServerSimulator commands)
    {
        this.settings = settings;
        this.database = database;
        Commands = commands;
    }

    public CommandsServerSimulator Commands { get; }

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    public static async Task<OwnStack> StartAsync(NetPilotServer server, SimulatorDialect dialect = SimulatorDialect.Plan)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(await server.PreparedDatabaseAsync(EndOfTest))
        {
            MaxPoolSize = 20,
        }.ConnectionString;
        var commands = await CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = dialect }, EndOfTest);
        var settings = new Dictionary<string, string?>(server.Settings)
        {
            ["ConnectionStrings:NetPilot"] = connectionString,
            ["CommandsServer:BaseUrl"] = commands.BaseUrl.ToString(),
            ["CommandsServer:Dialect"] = dialect.ToString(),
            ["CommandsServer:CircuitFaults"] = null,
            ["CommandsServer:Timeouts:Session"] = "00:00:20",
            ["CommandsServer:LoginStartBudget"] = "00:01:00",
            ["Sessions:SweepInterval"] = "00:00:00.100",
        };
        return new OwnStack(settings, NpgsqlDataSource.Create(connectionString), commands);
    }

    public async Task<NetPilotProcess> StartReplicaAsync(params (string Key, string? Value)[] overrides)
    {
        var own = new Dictionary<string, string?>(settings);
        foreach (var (key, value) in overrides)
        {
            own[key] = value;
        }

        var replica = await NetPilotProcess.StartAsync(own, EndOfTest);
        replicas.Add(replica);
        return replica;
    }

    /// <summary>Runs a command of the command line to its end.</summary>
    public async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        await using var command = NetPilotProcess.Launch(settings, arguments);
        var code = await command.WaitForExitAsync(EndOfTest);
        return (code, string.Join('\n', command.Output));
    }

    /// <summary>Registers somebody and logs in.</summary>
    public static async Task<StackLogin> LogInAsync(NetPilotProcess replica)
    {
        using var anyone = replica.NewClient();
        var email = TestUsers.NewEmail();
        await (await anyone.Post("/auth/register", new { email, password = Calls.Password })).ShouldBeJsonAsync(201);
        return await LogInAsync(replica, email);
    }

    public static async Task<StackLogin> LogInAsync(NetPilotProcess replica, string email)
    {
        using var anyone = replica.NewClient();
        var tokens = await (await anyone.LogIn(email)).ShouldBeJsonAsync(200);
        return new StackLogin(email, tokens, replica.NewClient(tokens.Text("accessToken")));
    }

    public async Task<T> ScalarAsync<T>(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        return (T)(await command.ExecuteScalarAsync(EndOfTest))!;
    }

    public async Task ExecuteAsync(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync(EndOfTest);
    }

    /// <summary>A connection for transactions of its own.</summary>
    public async Task<NpgsqlConnection> ConnectAsync() => await database.OpenConnectionAsync(EndOfTest);

    public Task<Guid> CommandsSessionOf(StackLogin login) =>
        ScalarAsync<Guid>("SELECT commands_session_id FROM identity.sessions WHERE id = $1", login.SessionId);

    /// <summary>Waits until the session's row says so.</summary>
    public async Task Eventually(Guid commandsSession, string condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);
        patience.CancelAfter(Calls.Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await ScalarAsync<bool>($"SELECT {condition} FROM identity.sessions WHERE commands_session_id = $1", commandsSession))
        {
            (await pause.WaitForNextTickAsync(patience.Token)).ShouldBeTrue();
        }
    }

    /// <summary>Waits until the Commands-Server has answered so many calls about a session, and gives the last of them.</summary>
    public async Task<RecordedCall> Called(SimulatorOperation operation, Guid commandsSession, int times = 1)
    {
        IEnumerable<RecordedCall> Answered() => Of(operation, commandsSession).Where(call => call.FinishedAt is not null);

        await Commands.WaitForCallAsync(_ => Answered().Count() >= times, Calls.Patience, EndOfTest);
        return Answered().Last();
    }

    public int Count(SimulatorOperation operation, Guid commandsSession) => Of(operation, commandsSession).Count();

    private IEnumerable<RecordedCall> Of(SimulatorOperation operation, Guid commandsSession) =>
        Commands.CallsWithSession(commandsSession).Where(call => call.Operation == operation);

    public bool Knows(Guid commandsSession) => Commands.Sessions.Any(session => session.SessionId == commandsSession.ToString());

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }

        await Commands.DisposeAsync();
        await database.DisposeAsync();
    }

    private NpgsqlCommand Command(string sql, object?[] values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}

public sealed record StackLogin(string Email, JsonElement Tokens, HttpClient Http)
{
    public Guid SessionId => Tokens.GetProperty("session").GetProperty("id").GetGuid();

    public string CommandsServer => Tokens.GetProperty("session").Text("commandsServer");
}
