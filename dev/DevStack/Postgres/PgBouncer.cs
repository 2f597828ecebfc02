using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace NetPilot.DevStack.Postgres;

/// <summary>
/// PgBouncer in transaction mode before a PostgreSQL, from Debian's package: every transaction of a client may run in another session. It ends,
/// and its folder goes, when we do.
/// </summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";
    private readonly KeptProcess _process;
    private readonly string _root;
    private readonly int _port;

    private PgBouncer(KeptProcess process, string root, int port)
    {
        _process = process;
        _root = root;
        _port = port;
    }

    /// <summary>Whether this machine has it.</summary>
    public static bool IsInstalled => File.Exists(Program);

    /// <summary>Starts one for the server of a connection string.</summary>
    /// <param name="server">The server; PgBouncer logs in there as this string does, for every client.</param>
    /// <param name="sessions">How many sessions of the server the clients of a database share.</param>
    /// <param name="cancellationToken">Ends the waiting for it.</param>
    public static async Task<PgBouncer> StartAsync(string server, int sessions, CancellationToken cancellationToken)
    {
        var target = new NpgsqlConnectionStringBuilder(server);
        var user = ServiceUser.Needed();
        var root = Path.Combine("/tmp", "netpilot-pgbouncer-" + RandomNumberGenerator.GetHexString(12, lowercase: true));
        string[] owner = user is null ? [] : ["-o", $"{user.Uid}", "-g", $"{user.Gid}"];
        var (code, output) = await Command.RunAsync(["install", "-d", "-m", "700", .. owner, root], "/", cancellationToken);
        if (code != 0)
        {
            throw new PostgresUnavailableException($"Cannot make {root}: {output}");
        }

        var port = LoopbackPorts.Take();
        await File.WriteAllTextAsync(
            Path.Combine(root, "pgbouncer.ini"),
            $"""
            [databases]
            * = host={target.Host} port={target.Port} user={target.Username} password='{target.Password}'

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {sessions}
            max_client_conn = 500
            """,
            cancellationToken
        );
        var log = Path.Combine(root, "pgbouncer.log");
        var process = KeptProcess.Start(
            Command.Describe([.. ServiceUser.Prefix(user), Program, Path.Combine(root, "pgbouncer.ini")], root),
            log,
            ending: "INT",
            root
        );
        var bouncer = new PgBouncer(process, root, port);
        while (!await bouncer.ListensAsync(cancellationToken))
        {
            if (process.HasExited)
            {
                throw new PostgresUnavailableException($"PgBouncer did not start:\n{await File.ReadAllTextAsync(log, cancellationToken)}");
            }

            await Task.Delay(50, cancellationToken);
        }

        return bouncer;
    }

    /// <summary>A connection string of the server's, led through it.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = _port }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync("INT", CancellationToken.None);
        await _process.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
