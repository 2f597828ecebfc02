using NetPilot.DevStack.Mail;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using Npgsql;

namespace NetPilot.DevStack.Up;

/// <summary><c>dev/up</c>: PostgreSQL, the simulator, the mail catcher and NetPilot, until somebody stops it.</summary>
internal static class UpCommand
{
    private const string ConnectionStringKey = "ConnectionStrings__NetPilot";
    private const string HostFolder = "src/Host";
    private const string StateFolder = ".devstack";
    private const int UsualPostgresPort = 54329;

    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var options = UpOptions.Parse(args);
        if (options.WantsHelp)
        {
            await Console.Out.WriteLineAsync(UpOptions.Help);
            return 0;
        }

        Demand(options.Port, "--port", options.NoHost);
        Demand(options.SimulatorPort, "--simulator-port");
        Demand(options.SmtpPort, "--smtp-port");
        Directory.CreateDirectory(StateFolder);

        var configured = Environment.GetEnvironmentVariable(ConnectionStringKey);
        await using var postgres = string.IsNullOrEmpty(configured) ? await StartPostgresAsync(options, cancellationToken) : null;
        var connectionString = configured ?? "";
        if (postgres is not null)
        {
            connectionString = await postgres.EnsureDatabaseAsync("netpilot", cancellationToken);
        }
        await PrepareDatabaseAsync(connectionString, options.Reset, cancellationToken);

        await using var households = new Households(connectionString);
        await using var mails = await SmtpCatcher.StartAsync(options.SmtpPort);
        var api = new Uri($"http://127.0.0.1:{options.Port}");
        await using var simulator = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions
            {
                Dialect = options.Dialect,
                Port = options.SimulatorPort,
                Alive = !options.Calm,
                Households = households.ReadAsync,
                FurtherPages = context => MailPages.TryHandleAsync(context, mails, api),
            },
            cancellationToken
        );

        var settings = SettingsFor(options, connectionString, simulator, mails, api);
        var environmentFile = WriteEnvironment(settings, connectionString);
        var welcome = new Welcome(options, api, simulator.BaseUrl, postgres, environmentFile);
        if (options.NoHost)
        {
            await Console.Out.WriteLineAsync(welcome.WithoutHost());
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        var log = Path.GetFullPath(Path.Combine(StateFolder, "host.log"));
        await using var host = HostProcess.Start(HostFolder, settings, log);
        await host.WaitUntilReadyAsync(api, cancellationToken);
        await Console.Out.WriteLineAsync(welcome.Text());
        await Task.WhenAll(host.WatchAsync(cancellationToken), options.Logs ? FollowAsync(log, cancellationToken) : Task.CompletedTask);
        return 0;
    }

    private static async Task<PostgresServer> StartPostgresAsync(UpOptions options, CancellationToken cancellationToken)
    {
        if (options.PostgresPort > 0)
        {
            Demand(options.PostgresPort, "--postgres-port");
        }
        var port =
            options.PostgresPort > 0 ? options.PostgresPort
            : LoopbackPorts.IsFree(UsualPostgresPort) ? UsualPostgresPort
            : 0;
        return await PostgresServer.StartAsync(
            new PostgresOptions { PersistIn = Path.Combine(StateFolder, "postgres"), Port = port },
            cancellationToken
        );
    }

    private static async Task PrepareDatabaseAsync(string connectionString, bool reset, CancellationToken cancellationToken)
    {
        try
        {
            var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
            await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            if (reset)
            {
                const string sql = "DROP SCHEMA IF EXISTS identity, routers, devices, blacklist, people CASCADE";
                await using var command = new NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is NpgsqlException or ArgumentException)
        {
            throw new UpException($"The PostgreSQL of {ConnectionStringKey} does not answer: {e.Message}");
        }
    }

    private static Dictionary<string, string> SettingsFor(
        UpOptions options,
        string connectionString,
        CommandsServerSimulator simulator,
        SmtpCatcher mails,
        Uri api
    )
    {
        var settings = new Dictionary<string, string>
        {
            [ConnectionStringKey] = connectionString,
            ["ASPNETCORE_URLS"] = api.GetLeftPart(UriPartial.Authority),
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["CommandsServer__BaseUrl"] = simulator.BaseUrl.GetLeftPart(UriPartial.Authority),
            ["CommandsServer__Dialect"] = options.Dialect.ToString().ToLowerInvariant(),
            ["Mail__Smtp__Host"] = "127.0.0.1",
            ["Mail__Smtp__Port"] = $"{mails.Port}",
            ["Mail__Smtp__UseTls"] = "false",
            ["Mail__From"] = "netpilot@localhost",
            ["Mail__ResetUrl"] = new Uri(simulator.BaseUrl, "/_mail/reset").AbsoluteUri,
            ["Cors__Origins__0"] = simulator.BaseUrl.GetLeftPart(UriPartial.Authority),
        };
        for (var i = 0; i < options.Origins.Count; i++)
        {
            settings[$"Cors__Origins__{i + 1}"] = options.Origins[i];
        }

        foreach (var name in settings.Keys)
        {
            // The port is ours to give; all else that somebody set is meant.
            if (name != "ASPNETCORE_URLS" && Environment.GetEnvironmentVariable(name) is { Length: > 0 } set)
            {
                settings[name] = set;
            }
        }
        return settings;
    }

    /// <summary>
    /// Settings for NetPilot from an editor, for its command line, and for psql: lines of KEY=value that a shell can source and editors read.
    /// The password stands in a file of its own too, to which <c>launchSettings.json</c> refers.
    /// </summary>
    private static string WriteEnvironment(Dictionary<string, string> settings, string connectionString)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var all = new Dictionary<string, string?>(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)))
        {
            ["PGHOST"] = database.Host,
            ["PGPORT"] = $"{database.Port}",
            ["PGUSER"] = database.Username,
            ["PGPASSWORD"] = database.Password,
            ["PGDATABASE"] = database.Database,
        };
        var lines = all.Select(setting => $"{setting.Key}={Quoted(setting.Value ?? "")}\n");
        WritePrivate(Path.Combine(StateFolder, "pgpass"), $"*:*:*:{PassFileField(database.Username)}:{PassFileField(database.Password)}\n");
        return WritePrivate(Path.Combine(StateFolder, "env"), string.Concat(lines));
    }

    // Quotes only where a shell needs them: not every editor takes them off.
    private static string Quoted(string value) =>
        value.All(c => char.IsAsciiLetterOrDigit(c) || "_./:@%+,-".Contains(c, StringComparison.Ordinal))
            ? value
            : $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string PassFileField(string? value) =>
        (value ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);

    private static string WritePrivate(string file, string text)
    {
        var create = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using var writer = new StreamWriter(file, create);
        writer.Write(text);
        return file;
    }

    private static async Task FollowAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (true)
        {
            var text = await reader.ReadToEndAsync(cancellationToken);
            await Console.Out.WriteAsync(text);
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private static void Demand(int port, string option, bool unless = false)
    {
        if (!unless && !LoopbackPorts.IsFree(port))
        {
            throw new UpException($"Port {port} is taken: choose another one with {option}.");
        }
    }
}
