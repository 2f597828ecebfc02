namespace NetPilot.DevStack.Postgres;

/// <summary>What kind of PostgreSQL is wanted.</summary>
public sealed record PostgresOptions
{
    /// <summary>
    /// A server of one's own, from local binaries: needed by whoever stops, kills or restarts it. Ignores <c>NETPILOT_TEST_POSTGRES</c> and Docker.
    /// </summary>
    public bool Private { get; init; }

    /// <summary>
    /// Where the data lives on: kept when the server stops, written durably, found again at the next start. Null (tests): a temporary folder,
    /// nothing is synced, all is deleted at the end. When the folder cannot be reached by the user that PostgreSQL runs as (we are root, and the
    /// checkout is under /root), the data goes to <c>/var/lib/netpilot-devstack</c> instead.
    /// </summary>
    public string? PersistIn { get; init; }

    /// <summary>The port to listen on (loopback only); 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>How many connections the server takes.</summary>
    public int MaxConnections { get; init; } = 300;

    /// <summary>Further settings of the server, as in postgresql.conf.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>Where a <see cref="PostgresServer"/> came from.</summary>
public enum PostgresSource
{
    /// <summary>A connection string in <c>NETPILOT_TEST_POSTGRES</c>.</summary>
    Environment,

    /// <summary>A container.</summary>
    Docker,

    /// <summary>The binaries on this machine.</summary>
    LocalBinaries,
}

/// <summary>There is no PostgreSQL to be had, or it does not start; the message says what to do.</summary>
public sealed class PostgresUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
