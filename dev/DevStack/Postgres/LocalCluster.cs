using System.Diagnostics;
using System.Security.Cryptography;
using Npgsql;

namespace NetPilot.DevStack.Postgres;

/// <summary>
/// A cluster of one's own from the binaries on this machine; it ends, and a temporary one goes, when we do.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const string TemporaryPrefix = "netpilot-postgres-";
    private const string SuperUser = "netpilot";

    private readonly PostgresOptions _options;
    private readonly ServiceUser? _user;
    private readonly string _root;
    private readonly FileStream _lock;
    private readonly LocalBinaries _binaries;
    private readonly string _password;
    private KeptProcess? _server;
    private int _port;

    private LocalCluster(PostgresOptions options, ServiceUser? user, string root, FileStream held, LocalBinaries binaries, string password)
    {
        _options = options;
        _user = user;
        _root = root;
        _lock = held;
        _binaries = binaries;
        _password = password;
        _port = options.Port;
    }

    private bool Temporary => _options.PersistIn is null;

    private string Data => Path.Combine(_root, "data");

    private string LogFile => Path.Combine(_root, "postgres.log");

    public string Folder => _root;

    public string BinariesFolder => _binaries.Folder;

    public string ConnectionString =>
        new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = _port,
            Username = SuperUser,
            Password = _password,
            Database = "postgres",
        }.ConnectionString;

    public static async Task<LocalCluster> StartAsync(PostgresOptions options, CancellationToken cancellationToken)
    {
        var user = ServiceUser.Needed();
        var root = options.PersistIn is { } folder ? await PersistentFolderAsync(folder, user, cancellationToken) : TemporaryFolder();
        await MakeFolderAsync(root, user, cancellationToken);
        var held = Hold(root);
        LocalCluster? cluster = null;
        try
        {
            var binaries = BinariesFor(root);
            cluster = new LocalCluster(options, user, root, held, binaries, await PasswordAsync(root, cancellationToken));
            await cluster.InitialiseAsync(cancellationToken);
            await cluster.RunAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await (cluster?.DisposeAsync() ?? held.DisposeAsync());
            throw;
        }
    }

    /// <summary>Starts the server again, on the port that it had.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            if (_port == 0 || (attempt > 1 && _options.Port == 0))
            {
                _port = LoopbackPorts.Take();
            }

            _server = KeptProcess.Start(
                Command.Describe([.. ServiceUser.Prefix(_user), .. ServerCommand()], _root),
                LogFile,
                ending: "INT",
                Temporary ? _root : null
            );
            if (await IsReadyAsync(_server, cancellationToken))
            {
                return;
            }

            await _server.DisposeAsync();
            _server = null;
            var log = File.ReadLines(LogFile).TakeLast(6).ToList();
            if (attempt == attempts || !log.Exists(line => line.Contains("Address already in use", StringComparison.Ordinal)))
            {
                throw new PostgresUnavailableException($"PostgreSQL did not start on port {_port}:\n{string.Join('\n', log)}");
            }
        }
    }

    /// <summary>Stops the server; <paramref name="immediately"/> as a crash would, so that the next start recovers.</summary>
    public async Task StopAsync(bool immediately, CancellationToken cancellationToken)
    {
        if (_server is { } server)
        {
            // QUIT is what a crash looks like, INT ends every connection and writes all down.
            await server.StopAsync(immediately ? "QUIT" : "INT", cancellationToken);
            await server.DisposeAsync();
            _server = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(immediately: Temporary, CancellationToken.None);
        await _lock.DisposeAsync();
        if (Temporary)
        {
            DeleteFolder(_root);
        }
    }

    /// <summary>Removes what a killed run left behind, should its keeper have been killed with it.</summary>
    public static void SweepLeftovers()
    {
        foreach (var root in TemporaryParents().SelectMany(parent => Directory.GetDirectories(parent, TemporaryPrefix + "*")))
        {
            try
            {
                // A younger folder may belong to a run that has not taken its lock yet.
                if (Directory.GetLastWriteTimeUtc(root) > TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-1))
                {
                    continue;
                }
                using (new FileStream(LockOf(root), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
                {
                    KillServerOf(root);
                }
                DeleteFolder(root);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or somebody else's.
            }
        }
    }

    private static void KillServerOf(string root)
    {
        var data = Path.Combine(root, "data");
        var file = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadLines(file).FirstOrDefault(), out var pid))
        {
            return;
        }

        try
        {
            // The number may have been given to another process since: a server stands in its data folder.
            if (Directory.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: true)?.FullName == data)
            {
                using var server = Process.GetProcessById(pid);
                server.Kill();
                server.WaitForExit(TimeSpan.FromSeconds(5));
            }
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            // Gone already.
        }
    }

    private static async Task<string> PersistentFolderAsync(string wanted, ServiceUser? user, CancellationToken cancellationToken)
    {
        var full = Path.GetFullPath(wanted);
        var parent = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(parent);
        if (user is null || await CanReachAsync(parent, user, cancellationToken))
        {
            return full;
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(full)))[..12];
        var elsewhere = Path.Combine("/var/lib/netpilot-devstack", name);
        Directory.CreateDirectory(Path.GetDirectoryName(elsewhere)!);
        await File.WriteAllTextAsync(
            full + ".moved",
            $"{user.Name} cannot reach this folder: the data is in {elsewhere}\n",
            cancellationToken
        );
        return elsewhere;
    }

    private static async Task<bool> CanReachAsync(string folder, ServiceUser user, CancellationToken cancellationToken) =>
        (await Command.RunAsync([.. ServiceUser.Prefix(user), "test", "-x", folder], "/", cancellationToken)).ExitCode == 0;

    private static string TemporaryFolder() =>
        Path.Combine(TemporaryParents().First(), TemporaryPrefix + RandomNumberGenerator.GetHexString(12, lowercase: true));

    // A TMPDIR of root's own is no place for another user; a socket's path has room for about a hundred characters.
    private static IEnumerable<string> TemporaryParents() =>
        Environment.IsPrivilegedProcess || Path.GetTempPath().Length > 60 ? ["/tmp"] : [Path.GetTempPath()];

    private static async Task MakeFolderAsync(string root, ServiceUser? user, CancellationToken cancellationToken)
    {
        if (Directory.Exists(root))
        {
            return;
        }

        string[] owner = user is null ? [] : ["-o", $"{user.Uid}", "-g", $"{user.Gid}"];
        var (code, output) = await Command.RunAsync(["install", "-d", "-m", "700", .. owner, root], "/", cancellationToken);
        if (code != 0)
        {
            throw new PostgresUnavailableException($"Cannot make {root}: {output}");
        }
    }

    private static FileStream Hold(string root)
    {
        try
        {
            return new FileStream(LockOf(root), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new PostgresUnavailableException($"Another run uses the PostgreSQL in {root}: stop that one first.", e);
        }
    }

    private static string LockOf(string root) => Path.Combine(root, "owner.lock");

    private static LocalBinaries BinariesFor(string root)
    {
        var file = Path.Combine(root, "data", "PG_VERSION");
        if (!File.Exists(file))
        {
            return LocalBinaries.Find()
                ?? throw new PostgresUnavailableException(
                    "No PostgreSQL 15 or newer here: install it (Debian, Ubuntu: apt-get install postgresql), start Docker, or set NETPILOT_TEST_POSTGRES."
                );
        }

        var major = int.Parse(File.ReadAllText(file));
        return LocalBinaries.Find(major)
            ?? throw new PostgresUnavailableException(
                $"The data in {root} was written by PostgreSQL {major}, which is not installed any more: install it, or delete the folder."
            );
    }

    private static async Task<string> PasswordAsync(string root, CancellationToken cancellationToken)
    {
        var file = Path.Combine(root, "password");
        if (!File.Exists(file))
        {
            await File.WriteAllTextAsync(file, RandomNumberGenerator.GetHexString(32, lowercase: true), cancellationToken);
        }
        return (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
    }

    private async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(Data, "PG_VERSION")))
        {
            return;
        }

        string[] words =
        [
            .. ServiceUser.Prefix(_user),
            Path.Combine(_binaries.Folder, "initdb"),
            $"--pgdata={Data}",
            $"--username={SuperUser}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            $"--pwfile={Path.Combine(_root, "password")}",
            "--encoding=UTF8",
            OperatingSystem.IsLinux() ? "--locale=C.UTF-8" : "--locale=C",
            "--no-instructions",
            .. Temporary ? (string[])["--no-sync"] : [],
        ];
        var (code, output) = await Command.RunAsync(words, _root, cancellationToken);
        if (code != 0)
        {
            throw new PostgresUnavailableException($"initdb failed: {output}");
        }
    }

    private IEnumerable<string> ServerCommand()
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = $"{_port}",
            ["unix_socket_directories"] = _root,
            ["max_connections"] = $"{_options.MaxConnections}",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };
        if (Temporary)
        {
            settings["fsync"] = settings["full_page_writes"] = "off";
            // Whoever means to crash the server relies on what it acknowledged.
            settings["synchronous_commit"] = _options.Private ? "on" : "off";
        }
        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        return
        [
            Path.Combine(_binaries.Folder, "postgres"),
            "-D",
            Data,
            .. settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]),
        ];
    }

    private async Task<bool> IsReadyAsync(KeptProcess server, CancellationToken cancellationToken)
    {
        // The eighth line of the server's pid file tells its state, as pg_ctl reads it; the first whose process it is.
        var file = Path.Combine(Data, "postmaster.pid");
        var patience = Stopwatch.StartNew();
        while (!server.HasExited)
        {
            try
            {
                if (File.Exists(file) && await File.ReadAllLinesAsync(file, cancellationToken) is { Length: >= 8 } lines)
                {
                    var state = lines[7].Trim();
                    if (
                        state == "ready"
                        && lines[3] == $"{_port}"
                        && Directory.Exists($"/proc/{lines[0]}") == Directory.Exists("/proc/self")
                    )
                    {
                        return true;
                    }
                }
            }
            catch (IOException)
            {
                // It is being written.
            }

            if (patience.Elapsed > TimeSpan.FromSeconds(60))
            {
                throw new PostgresUnavailableException($"PostgreSQL was not ready after a minute; its log is {LogFile}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
        return false;
    }

    private static void DeleteFolder(string root)
    {
        try
        {
            Directory.Delete(root, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The keeper was faster.
        }
    }
}
