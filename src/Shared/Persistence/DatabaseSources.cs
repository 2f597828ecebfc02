using System.Data.Common;

namespace NetPilot.Persistence;

/// <summary>Builds data sources from connection strings, in one place, so that what is checked at start is what is used later.</summary>
internal static class DatabaseSources
{
    /// <summary>The pool's name: metrics are labelled with it, and would be with host, port, database and user otherwise.</summary>
    public const string Name = "netpilot";

    /// <summary>The connections that a pool opens at most, where the connection string does not say so.</summary>
    public static readonly int DefaultPoolSize = Math.Min(16 + (4 * Environment.ProcessorCount), 100);

    // Seconds, where the connection string names several hosts. DatabaseHealth asks the hosts again as soon as it finds one that works.
    private const int TimeoutPerHost = 5;
    private const int HostsAreKnownFor = 60;

    /// <summary>The seconds that a look at one host takes at most.</summary>
    public const int LookTimeout = 2;

    /// <exception cref="Exception">Npgsql refuses the connection string, in one of many ways.</exception>
    public static NpgsqlDataSource Build(string connectionString, DatabasePooler pooler, string name) =>
        BuildPool(connectionString, pooler, name).Source;

    /// <exception cref="Exception">Npgsql refuses the connection string, in one of many ways.</exception>
    public static DatabasePool BuildPool(
        string connectionString,
        DatabasePooler pooler,
        string name = Name,
        ILoggerFactory? loggers = null,
        bool loadsTypes = true
    )
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        if (!loadsTypes)
        {
            builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        }

        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName ??= "netpilot";
        var written = KeywordsOf(connectionString);
        if (!written.Contains("MaxAutoPrepare"))
        {
            settings.MaxAutoPrepare = pooler == DatabasePooler.None ? 100 : 0;
        }

        // Nothing of ours leaves state in a session; behind a pooler the session is another one by then.
        if (!written.Contains("NoResetOnClose"))
        {
            settings.NoResetOnClose = true;
        }

        // Until its statements are prepared and planned, a new session takes PostgreSQL as long as many requests.
        if (!written.Contains("MaximumPoolSize") && !written.Contains("MaxPoolSize"))
        {
            settings.MaxPoolSize = Math.Max(settings.MinPoolSize, DefaultPoolSize);
        }

        // Npgsql asks Kerberos for each new connection by default, which takes time where there is a domain, and prints errors where there is no library.
        if (!written.Contains("GSSEncryptionMode") && Environment.GetEnvironmentVariable("PGGSSENCMODE") is null)
        {
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        if (loggers is not null)
        {
            builder.UseLoggerFactory(loggers);
        }

        if (!HasSeveralHosts(settings))
        {
            return new DatabasePool(builder.Build());
        }

        // Each host that does not answer is waited for by everybody who needs a connection, whenever what is known of it is too old.
        if (!written.Contains("Timeout"))
        {
            settings.Timeout = TimeoutPerHost;
        }

        if (!written.Contains("HostRecheckSeconds"))
        {
            settings.HostRecheckSeconds = HostsAreKnownFor;
        }

        // What Npgsql asks of a data source for several hosts: the choice among them is made beside it.
        var wanted = settings.TargetSessionAttributesParsed() ?? TargetSessionAttributes.Primary;
        settings.TargetSessionAttributes = null;
        var hosts = builder.BuildMultiHost();
        return new DatabasePool(hosts.WithTargetSession(wanted), hosts);
    }

    /// <summary>
    /// A source of new connections for each host. The addresses that a name has share the time to connect, so that the last is tried too.
    /// </summary>
    public static NpgsqlDataSource[] BuildForLooks(string connectionString, DatabasePooler pooler)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            Multiplexing = false,
            Timeout = LookTimeout,
            TargetSessionAttributes = null,
        };
        return
        [
            .. settings
                .Host!.Split(',', StringSplitOptions.TrimEntries)
                .Select(host =>
                {
                    settings.Host = host;
                    // A look reads a bool, whose type Npgsql knows.
                    return BuildPool(settings.ConnectionString, pooler, Name + "-look", loadsTypes: false).Source;
                }),
        ];
    }

    /// <summary>Why a connection string can't be used, as the end of a sentence that starts with its key. It never repeats a value.</summary>
    public static string? RefusalOf(string connectionString, DatabasePooler pooler)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
            _ = settings.TargetSessionAttributesParsed();
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return "is not a connection string that Npgsql understands.";
        }

        if (string.IsNullOrWhiteSpace(settings.Host))
        {
            return "names no Host.";
        }

        if (settings.TargetSessionAttributes is not null && !HasSeveralHosts(settings))
        {
            return "has Target Session Attributes, which choose among several hosts, but names one Host.";
        }

        if (pooler == DatabasePooler.Transaction && settings.MaxAutoPrepare > 0)
        {
            return "has Max Auto Prepare, which needs a session of its own and cannot be where Database:Pooler is transaction.";
        }

        try
        {
            using var source = Build(connectionString, pooler, Name);
            foreach (var look in BuildForLooks(connectionString, pooler))
            {
                look.Dispose();
            }

            return null;
        }
        catch (Exception exception)
            when (exception is ArgumentException or InvalidOperationException or NotSupportedException or FormatException)
        {
            return $"is refused by Npgsql: {exception.Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>The seconds that a statement of a migration may take; null: as the connection string says. It reads whole tables, and waits for a dump.</summary>
    public static int? MigrationTimeoutOf(string connectionString) => KeywordsOf(connectionString).Contains("CommandTimeout") ? null : 0;

    private static bool HasSeveralHosts(NpgsqlConnectionStringBuilder settings) =>
        settings.Host?.Contains(',', StringComparison.Ordinal) == true;

    // As they are written, since Npgsql's builder can't tell what was set from what is a default.
    private static HashSet<string> KeywordsOf(string connectionString) =>
        new DbConnectionStringBuilder { ConnectionString = connectionString }
            .Keys.Cast<string>()
            .Select(keyword => keyword.Replace(" ", "", StringComparison.Ordinal))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static TargetSessionAttributes? TargetSessionAttributesParsed(this NpgsqlConnectionStringBuilder settings) =>
        settings.TargetSessionAttributes is not { } text ? null
        : Enum.TryParse<TargetSessionAttributes>(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var value) ? value
        : throw new FormatException();
}
