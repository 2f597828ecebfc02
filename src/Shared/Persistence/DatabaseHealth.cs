namespace NetPilot.Persistence;

/// <summary>What PostgreSQL is good for at the moment, the best first.</summary>
public enum DatabaseState
{
    Available,

    /// <summary>It answers but takes no writes: a standby, a primary before or after a failover, a full disk.</summary>
    ReadOnly,

    Away,
}

/// <summary>
/// What is known of PostgreSQL. An incident begins with a failure that somebody notes, or that a look finds. Pooled connections are thrown
/// away then, since after a failover they lead to the old primary; and once more when a new connection can write again, for those that were
/// opened in the meantime. In between, looks are made on new connections, and so they are where the pool gives none that answers.
/// </summary>
public sealed partial class DatabaseHealth(
    DatabasePool pool,
    IOptions<DatabaseOptions> options,
    [FromKeyedServices(DatabaseClock.Machine)] TimeProvider machine,
    ILogger<DatabaseHealth> logger
) : IAsyncDisposable
{
    // A disk that is full for the next row may have room for a look's answer: it counts as full for as long after each failure.
    private static readonly TimeSpan DiskFullLasts = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestBetweenClears = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(DatabaseSources.LookTimeout);
    private static readonly TimeSpan PatienceWithPool = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlDataSource[] hosts = DatabaseSources.BuildForLooks(options.Value.NetPilot!, options.Value.Pooler);
    private readonly Lock gate = new();

    // Never disposed, which it need not be: a look may still be under way when the host is.
    private readonly SemaphoreSlim looking = new(1, 1);
    private volatile DatabaseState state;
    private long? diskFullSince;
    private long? clearedAt;
    private int incidents;

    /// <summary>What is known at present; asking makes no call.</summary>
    public DatabaseState State => state;

    /// <summary>How often pooled connections were thrown away at the begin of an incident.</summary>
    internal int Incidents => incidents;

    /// <summary>Is called when there is something new to look at.</summary>
    public Action? LookIsDue { get; set; }

    /// <summary>
    /// Takes note of a failure that somebody met. That PostgreSQL takes no writes is believed; anything else may have been the fate of one
    /// statement or connection, and is a reason to look.
    /// </summary>
    public void Note(Exception exception)
    {
        if (!DatabaseFailures.IsUnavailable(exception))
        {
            return;
        }

        if (DatabaseFailures.IsReadOnly(exception))
        {
            if (DatabaseFailures.StateOf(exception) == PostgresErrorCodes.DiskFull)
            {
                lock (gate)
                {
                    diskFullSince = machine.GetTimestamp();
                }
            }

            Become(DatabaseState.ReadOnly, exception.GetBaseException().Message);
        }

        if (DatabaseFailures.IsOfAnotherStatement(exception) && MayClear())
        {
            pool.Clear();
        }

        LookIsDue?.Invoke();
    }

    // A fault of a statement of ours can look the same, in each request: the others are not to reconnect for each.
    private bool MayClear()
    {
        lock (gate)
        {
            var may = clearedAt is not { } at || machine.GetElapsedTime(at) > RestBetweenClears;
            clearedAt = may ? machine.GetTimestamp() : clearedAt;
            return may;
        }
    }

    /// <summary>Looks at PostgreSQL, and says what it is good for.</summary>
    public async Task<DatabaseState> LookAsync(CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken);
        try
        {
            var (found, reason) =
                state == DatabaseState.Available
                && await LookAsync(pool.Source, PatienceWithPool, cancellationToken) is { State: not DatabaseState.Away } pooled
                    ? pooled
                    : await LookAnewAsync(cancellationToken);
            if (found != DatabaseState.Available || !IsDiskStillFull())
            {
                Become(found, reason);
            }

            return state;
        }
        finally
        {
            looking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts)
        {
            await host.DisposeAsync();
        }
    }

    // A pooled connection may be dead by itself, and others may hold all of them: whether PostgreSQL is away, a new one tells.
    // All hosts are asked at once, and the best answer counts: one that does not answer delays no other.
    private async Task<Look> LookAnewAsync(CancellationToken cancellationToken)
    {
        Look? best = null;
        await foreach (var look in Task.WhenEach(hosts.Select(host => LookAsync(host, Patience, cancellationToken))))
        {
            var found = await look;
            best = best is null || found.State < best.State ? found : best;
            if (best.State == DatabaseState.Available)
            {
                // The pool may know it for away, since a connection to it broke, or for the standby that it was.
                pool.ForgetHosts();
                break;
            }
        }

        return best!;
    }

    // Npgsql ends a query by a cancellation, for which it connects to the host that does not answer: it may go on with that by itself.
    private async Task<Look> LookAsync(NpgsqlDataSource source, TimeSpan patienceToConnect, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(source, patienceToConnect).WaitAsync(Patience, machine, cancellationToken);
        }
        catch (TimeoutException)
        {
            return Look.Unanswered;
        }
    }

    private static async Task<Look> AskAsync(NpgsqlDataSource source, TimeSpan patienceToConnect)
    {
        using var limit = new CancellationTokenSource(patienceToConnect);
        try
        {
            await using var connection = await source.OpenConnectionAsync(limit.Token);
            limit.CancelAfter(Patience);
            await using var command = new NpgsqlCommand(
                "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool",
                connection
            );
            return (bool)(await command.ExecuteScalarAsync(limit.Token))!
                ? new Look(DatabaseState.ReadOnly, "it is a standby, or read-only")
                : new Look(DatabaseState.Available, "");
        }
        catch (OperationCanceledException)
        {
            return Look.Unanswered;
        }
        catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
        {
            return new Look(DatabaseState.Away, exception.Message);
        }
    }

    private void Become(DatabaseState found, string reason)
    {
        lock (gate)
        {
            var before = state;
            if (before == found || (before != DatabaseState.Available && found != DatabaseState.Available))
            {
                state = found;
                return;
            }

            // Before anybody is told: who goes on by that finds no old connection.
            pool.Clear();
            state = found;
            if (found == DatabaseState.Available)
            {
                LogAvailableAgain(logger);
            }
            else
            {
                incidents++;
                LogUnavailable(logger, found, reason);
            }
        }
    }

    private bool IsDiskStillFull()
    {
        lock (gate)
        {
            return diskFullSince is { } since && machine.GetElapsedTime(since) < DiskFullLasts;
        }
    }

    private sealed record Look(DatabaseState State, string Reason)
    {
        public static readonly Look Unanswered = new(DatabaseState.Away, $"no answer within {Patience.TotalSeconds} s");
    }

    [LoggerMessage(LogLevel.Warning, "PostgreSQL is {State}: {Reason}; pooled connections are thrown away")]
    private static partial void LogUnavailable(ILogger logger, DatabaseState state, string reason);

    [LoggerMessage(LogLevel.Information, "PostgreSQL is available again")]
    private static partial void LogAvailableAgain(ILogger logger);
}
