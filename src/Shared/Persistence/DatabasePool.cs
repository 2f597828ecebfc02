namespace NetPilot.Persistence;

/// <summary>The pool of connections, with the hosts among which it chooses where the connection string names several.</summary>
public sealed record DatabasePool(NpgsqlDataSource Source, NpgsqlMultiHostDataSource? Hosts = null)
{
    /// <summary>Throws away the pooled connections.</summary>
    public void Clear()
    {
        Source.Clear();
        ForgetHosts();
    }

    /// <summary>
    /// Makes the next connection ask the hosts again. Npgsql takes a host for away after any connection to it broke, and keeps that, or that it
    /// was a standby, for the connection string's <c>Host Recheck Seconds</c>.
    /// </summary>
    public void ForgetHosts() => Hosts?.ClearDatabaseStates();
}
