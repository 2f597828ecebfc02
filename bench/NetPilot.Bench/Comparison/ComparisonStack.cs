using System.Globalization;
using NetPilot.DevStack.Postgres;
using Npgsql;

namespace NetPilot.Bench.Comparison;

/// <summary>PostgreSQL, the Commands-Server, and the two servers with a database each: the rows in both are the same.</summary>
internal sealed class ComparisonStack : IAsyncDisposable
{
    private readonly string published;
    private readonly PostgresServer postgres;
    private readonly Server commands;
    private readonly HttpClient control;
    private BenchDatabase? productDatabase;
    private BenchDatabase? handWrittenDatabase;
    private Server? product;
    private Server? handWritten;

    private ComparisonStack(string published, PostgresServer postgres, Server commands)
    {
        this.published = published;
        this.postgres = postgres;
        this.commands = commands;
        control = commands.NewClient();
    }

    public Server Product => product!;

    public Server HandWritten => handWritten!;

    public Tokens ProductTokens { get; private set; } = null!;

    public Tokens HandWrittenTokens { get; private set; } = null!;

    /// <summary>What each has of memory in the second after its start, before its first request, in MB.</summary>
    public (double Product, double HandWritten) ResidentAfterStart { get; private set; }

    private BenchDatabase ProductDatabase => productDatabase!;

    private BenchDatabase HandWrittenDatabase => handWrittenDatabase!;

    private string HandWrittenProgram => Path.Combine(published, "handwritten", "NetPilot.HandWritten.dll");

    public static async Task<ComparisonStack> StartAsync(string published)
    {
        var postgres = await PostgresServer.StartAsync(
            new PostgresOptions
            {
                Private = true,
                // Commits are waited for, and the disk is not: its time would be most of a block's, on both sides.
                Settings = new Dictionary<string, string> { ["shared_buffers"] = "256MB", ["max_wal_size"] = "4GB" },
            }
        );
        try
        {
            var commands = await Server.StartAsync(
                "commands",
                Path.Combine(published, "handwritten", "NetPilot.HandWritten.dll"),
                new Dictionary<string, string> { ["arguments"] = "commands" },
                "/_bench"
            );
            return new ComparisonStack(published, postgres, commands);
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the databases, and measures how long the server takes to start on an empty one and on a migrated one.</summary>
    public async Task PrepareAsync(int starts, Report? report, bool quick)
    {
        var empty = new List<Server>();
        for (var n = 0; n < (report is null ? 1 : starts); n++)
        {
            productDatabase = new BenchDatabase(await postgres.CreateDatabaseAsync($"product{n}"));
            await using var server = await StartProductAsync();
            empty.Add(server);
        }

        var migrated = new List<Server>();
        for (
            var n = 0;
            n
                < (
                    report is null ? 0
                    : quick ? 2
                    : 5
                );
            n++
        )
        {
            await using var server = await StartProductAsync();
            migrated.Add(server);
        }

        report?.Start("ready on an empty database", empty, 2.5);
        report?.Start("ready on a migrated database", migrated, 1.5);

        await using (var server = await StartProductAsync())
        {
            using var user = await User.NewAsync(server.Address, ProductDatabase);
            await Homes.SeedAsync(
                ProductDatabase,
                await ProductDatabase.ScalarAsync<string>("SELECT password_hash FROM identity.users LIMIT 1")
            );
            ProductTokens = await Tokens.LogInAsync(server);
        }
    }

    /// <summary>Starts both servers, on databases with the same rows.</summary>
    public async Task StartServersAsync()
    {
        await ProductDatabase.DisposeAsync();
        handWrittenDatabase = await CopyAsync("handwritten");
        productDatabase = new BenchDatabase(ProductDatabase.ConnectionString) { SigningKey = ProductDatabase.SigningKey };
        product = await StartProductAsync();
        handWritten = await Server.StartAsync(
            "handwritten",
            HandWrittenProgram,
            new Dictionary<string, string>
            {
                ["arguments"] = "server",
                ["HANDWRITTEN_DATABASE"] = HandWrittenDatabase.ConnectionString,
                ["HANDWRITTEN_KEY"] = HandWrittenDatabase.SigningKey,
                ["HANDWRITTEN_COMMANDS"] = commands.Address.ToString(),
            }
        );
        // Its unblock finds no row where it outruns the block of the same device on another connection. NetPilot waits for its turn.
        handWritten.TolerableFailures = 0.05;
        await Task.Delay(TimeSpan.FromSeconds(1));
        ResidentAfterStart = (product.ResidentMegabytes, handWritten.ResidentMegabytes);
        ProductTokens = await Tokens.LogInAsync(product);
        HandWrittenTokens = await Tokens.LogInAsync(handWritten);
    }

    private async Task<BenchDatabase> CopyAsync(string name)
    {
        var original = new NpgsqlConnectionStringBuilder(ProductDatabase.ConnectionString).Database;
        await using var maintenance = new BenchDatabase(postgres.ConnectionString);
        // The server that was ended just now may still be connected.
        await maintenance.ScalarAsync<long>(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1",
            original!
        );
        await maintenance.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {original}");
        return new BenchDatabase(postgres.ConnectionStringFor(name)) { SigningKey = ProductDatabase.SigningKey };
    }

    /// <summary>The server with what a production would set, but for the limits of calls per minute.</summary>
    public Task<Server> StartProductAsync() =>
        Server.StartAsync(
            "netpilot",
            Path.Combine(published, "server", "NetPilot.Host.dll"),
            new Dictionary<string, string>
            {
                ["ConnectionStrings:NetPilot"] = ProductDatabase.ConnectionString,
                ["CommandsServer:BaseUrl"] = commands.Address.ToString(),
                ["CommandsServer:Dialect"] = "plan",
                ["Auth:SigningKeys:0:Id"] = "bench",
                ["Auth:SigningKeys:0:Key"] = ProductDatabase.SigningKey,
                ["Auth:AccessTokenLifetime"] = "01:00:00",
                ["RateLimits:Enabled"] = "false",
            }
        );

    /// <summary>Loads both servers with reads at once, so that what follows is measured on compiled code.</summary>
    public Task WarmUpAsync(TimeSpan length, int connections) =>
        Task.WhenAll(
            Wrk.RunAsync(HandWritten, Homes.Reads(HandWrittenTokens), connections, length),
            Wrk.RunAsync(Product, Homes.Reads(ProductTokens), connections, length)
        );

    /// <summary>Rounds of the two servers in turn, after a warm-up of both; who goes first changes from round to round.</summary>
    public async Task<Pair> MeasureAsync(
        Func<Tokens, Load> load,
        int connections,
        int rounds,
        TimeSpan length,
        TimeSpan warmUp,
        Func<Task>? between = null
    )
    {
        var pair = new Pair();
        Server? last = null;
        for (var round = -1; round < rounds; round++)
        {
            foreach (var side in round % 2 == 0 ? (Server[])[HandWritten, Product] : [Product, HandWritten])
            {
                if (side == last)
                {
                    // At its end wrk leaves requests under way, which would meet those of the next round: an unblock before its block is a 404.
                    await Task.Delay(TimeSpan.FromSeconds(1));
                }

                last = side;
                if (between is not null)
                {
                    await between();
                }

                var tokens = side == Product ? ProductTokens : HandWrittenTokens;
                var run = await Wrk.RunAsync(side, load(tokens), connections, round < 0 ? warmUp : length);
                if (round >= 0)
                {
                    (side == Product ? pair.Product : pair.HandWritten).Add(run);
                }
            }
        }

        return pair;
    }

    /// <summary>The same, with tokens of a new login for each round.</summary>
    public Task<Pair> MeasureWithNewTokensAsync(Func<Tokens, Load> load, int connections, int rounds, TimeSpan length, TimeSpan warmUp) =>
        MeasureAsync(
            load,
            connections,
            rounds,
            length,
            warmUp,
            async () =>
            {
                ProductTokens = await Tokens.LogInAsync(Product);
                HandWrittenTokens = await Tokens.LogInAsync(HandWritten);
            }
        );

    /// <summary>Forgets the blocks, in both databases and on the routers.</summary>
    public async Task ForgetCommandsAsync()
    {
        // What the last round left in flight ends first.
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        await Homes.ForgetCommandsAsync(ProductDatabase);
        await Homes.ForgetCommandsAsync(HandWrittenDatabase);
        await SetCommandsServerAsync(delay, forget: true);
    }

    /// <summary>Writes the requests of each measure to a file, says how to send them, and waits: for a profiler.</summary>
    public async Task HoldAsync()
    {
        await ForgetCommandsAsync();
        foreach (var (server, tokens) in ((Server, Tokens)[])[(Product, ProductTokens), (HandWritten, HandWrittenTokens)])
        {
            Console.WriteLine($"{server.Name}: process {server.Id}, {server.Address}");
            foreach (
                var load in (Load[])
                    [
                        Homes.Blocked(tokens),
                        Homes.Devices(tokens),
                        Homes.Routers(tokens),
                        Homes.Me(tokens),
                        Homes.Reads(tokens),
                        Homes.Commands(tokens, ofOneUser: false),
                        Homes.Commands(tokens, ofOneUser: true),
                        Homes.Scans(tokens),
                        Homes.Logins(),
                        Homes.Refreshes(tokens),
                    ]
            )
            {
                var file = Path.Combine(published, $"{server.Name}-{load.Name.Replace(' ', '-')}.requests");
                await File.WriteAllLinesAsync(file, load.Lines);
                Console.WriteLine(
                    $"  wrk -t1 -c16 -d10s -s {Wrk.Script} {server.Address} {file} {(load.AreTokens ? "refresh" : "requests")}"
                );
            }
        }

        Console.WriteLine($"PostgreSQL: {postgres.ConnectionString}");
        Console.WriteLine("Enter ends it.");
        await Console.In.ReadLineAsync();
    }

    private int delay;

    public async Task SetCommandsServerAsync(int delay, bool log = false, bool forget = false)
    {
        this.delay = delay;
        using var rules = new StringContent(forget ? string.Join('\n', Homes.HeldRules.Select(rule => $"{rule.Router} {rule.Ip}")) : "");
        using var response = await control.PostAsync(
            new Uri($"/_bench?delay={delay}&log={(log ? "true" : "false")}&forget={(forget ? "true" : "false")}", UriKind.Relative),
            rules
        );
        response.EnsureSuccessStatusCode();
    }

    /// <summary>When the commands since the log was begun began and ended, in microseconds.</summary>
    public async Task<IReadOnlyList<(long Began, long Ended)>> CommandsLogAsync() =>
        [
            .. (await control.GetStringAsync(new Uri("/_bench", UriKind.Relative)))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
                .Select(words => (long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture))),
        ];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in (Server?[])[product, handWritten, commands])
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }

        control.Dispose();
        await postgres.DisposeAsync();
    }
}

/// <summary>The rounds of the two servers; those with the same number belong together.</summary>
internal sealed class Pair
{
    public List<Run> HandWritten { get; } = [];

    public List<Run> Product { get; } = [];
}
