using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using Npgsql;
using Serilog.Core;
using Xunit;

namespace NetPilot.Testing;

/// <summary>
/// The whole server for a test assembly: the real Host on a real port, its own database, and the Commands-Server simulator over real
/// sockets. One per process (<c>[assembly: AssemblyFixture(typeof(NetPilotServer))]</c>), because FastEndpoints keeps its configuration in
/// statics; a second replica is a <see cref="NetPilotProcess"/>. Every test makes its own user and router, so that all run in parallel.
/// </summary>
/// <remarks>The environment variable <c>NETPILOT_TEST_DIALECT</c> (<c>plan</c> or <c>deployed</c>) runs a suite in the other dialect.</remarks>
public class NetPilotServer : IAsyncLifetime
{
    private readonly BodiesWithLength _connections = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private PostgresServer? _postgres;
    private NpgsqlDataSource? _database;
    private CommandsServerSimulator? _commands;
    private Factory? _factory;
    private Uri? _address;

    /// <summary>The dialect that this run speaks with the Commands-Server.</summary>
    public virtual CommandsDialect Dialect =>
        string.Equals(Environment.GetEnvironmentVariable("NETPILOT_TEST_DIALECT"), "deployed", StringComparison.OrdinalIgnoreCase)
            ? CommandsDialect.Deployed
            : CommandsDialect.Plan;

    /// <summary>The server's clock, where a suite has its own; null: the system's.</summary>
    public virtual FakeTimeProvider? Time => null;

    /// <summary>
    /// The Commands-Server, played over real sockets. It is shared: look at one's own router (<c>CallsTo</c>, <c>Router</c>) and give every
    /// fault a <c>RouterId</c>; a test that stops it needs a server of its own.
    /// </summary>
    public CommandsServerSimulator Commands => _commands ?? throw NotStarted();

    /// <summary>Everything that the server logged, as it would stand in the console.</summary>
    public LogCapture Logs { get; } = new();

    /// <summary>Where the server listens.</summary>
    public Uri Address => _address ?? throw NotStarted();

    /// <summary>The server's container, to reach a worker or a clock; tests of behaviour use HTTP.</summary>
    public IServiceProvider Services => (_factory ?? throw NotStarted()).Services;

    /// <summary>The settings that the server was started with; a replica takes the same.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; private set; } = new Dictionary<string, string?>();

    /// <summary>The connection string of the server's database.</summary>
    public string ConnectionString => Database.ConnectionString;

    internal NpgsqlDataSource Database => _database ?? throw NotStarted();

    public async ValueTask InitializeAsync()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        _postgres = await PostgresServer.StartAsync(cancellationToken: cancellationToken);
        var connectionString = new NpgsqlConnectionStringBuilder(
            await PreparedDatabase.CreateAsync(_postgres, "netpilot", cancellationToken)
        )
        {
            MaxPoolSize = 60,
            IncludeErrorDetail = true,
            // Tests hold locks, and the machine may be busy.
            Timeout = 120,
            CommandTimeout = 300,
        }.ConnectionString;
        _database = new NpgsqlDataSourceBuilder(connectionString)
        {
            // Preparations of a test may be large, and the machine busy.
            ConnectionStringBuilder =
            {
                ApplicationName = "tests",
                PersistSecurityInfo = true,
                CommandTimeout = 0,
            },
        }.Build();

        _commands = await StartCommandsAsync(Dialect, cancellationToken);
        var settings = TestSettings.For(connectionString, _commands);
        // Tests that make routers fail share this server with others.
        settings["CommandsServer:CircuitFaults"] = "1000000";
        Configure(settings);
        Settings = settings;
        _factory = new Factory(this);
        _factory.UseKestrel(0);
        _factory.StartServer();
        _address = _factory.ClientOptions.BaseAddress;
        await WarmUpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        if (_commands is not null)
        {
            await _commands.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A client without a token.</summary>
    public HttpClient NewClient() =>
        new(_connections, disposeHandler: false) { BaseAddress = Address, Timeout = NetPilotProcess.ClientTimeout };

    /// <summary>A client that carries this access token.</summary>
    public HttpClient NewClient(string accessToken)
    {
        var client = NewClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", accessToken);
        return client;
    }

    /// <summary>A second replica of this server, in a process of its own.</summary>
    public Task<NetPilotProcess> StartReplicaAsync(
        IReadOnlyDictionary<string, string?>? overrides = null,
        CancellationToken cancellationToken = default
    ) =>
        NetPilotProcess.StartAsync(
            overrides is null
                ? Settings
                : Settings.Concat(overrides).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Last().Value),
            cancellationToken
        );

    /// <summary>Rows of a query with <c>$1</c>, <c>$2</c>… for the arguments.</summary>
    public Task<IReadOnlyList<Row>> QueryAsync(string sql, params IReadOnlyList<object?> arguments) =>
        Sql.QueryAsync(Database, sql, arguments);

    /// <summary>The single value of a query.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params IReadOnlyList<object?> arguments) =>
        (await QueryAsync(sql, arguments)).Single().Value<T>(0);

    /// <summary>Runs a statement and counts the rows that it touched.</summary>
    public Task<int> ExecuteAsync(string sql, params IReadOnlyList<object?> arguments) => Sql.ExecuteAsync(Database, sql, arguments);

    /// <summary>Another database on the same PostgreSQL, with the schema in place, reached as the server's own is.</summary>
    public async Task<string> PreparedDatabaseAsync(CancellationToken cancellationToken = default)
    {
        var prepared = await PreparedDatabase.CreateAsync(
            _postgres ?? throw NotStarted(),
            $"other_{Guid.CreateVersion7():N}",
            cancellationToken
        );
        return new NpgsqlConnectionStringBuilder(Settings["ConnectionStrings:NetPilot"])
        {
            Database = new NpgsqlConnectionStringBuilder(prepared).Database,
        }.ConnectionString;
    }

    /// <summary>Another, empty database on the same PostgreSQL.</summary>
    public Task<string> NewDatabaseAsync(CancellationToken cancellationToken = default) =>
        (_postgres ?? throw NotStarted()).CreateDatabaseAsync($"other_{Guid.CreateVersion7():N}", cancellationToken);

    /// <summary>Changes settings before the start; called once.</summary>
    protected virtual void Configure(IDictionary<string, string?> settings) { }

    /// <summary>Changes the server's services before the start.</summary>
    protected virtual void ConfigureServices(IServiceCollection services) { }

    /// <summary>What is done once, before the first test.</summary>
    protected virtual Task WarmUpAsync() => Task.CompletedTask;

    internal static Task<CommandsServerSimulator> StartCommandsAsync(CommandsDialect dialect, CancellationToken cancellationToken) =>
        CommandsServerSimulator.StartAsync(
            new SimulatorOptions { Dialect = dialect == CommandsDialect.Plan ? SimulatorDialect.Plan : SimulatorDialect.Deployed },
            cancellationToken
        );

    private static InvalidOperationException NotStarted() => new("The server is started by the test run: use it from a test.");

    private sealed class Factory(NetPilotServer server) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            foreach (var (key, value) in server.Settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureTestServices(services =>
            {
                services.AddSingleton<ILogEventSink>(server.Logs);
                if (server.Time is { } time)
                {
                    services.AddSingleton<TimeProvider>(time);
                }

                server.ConfigureServices(services);
            });
        }
    }
}
