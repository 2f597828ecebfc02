namespace NetPilot.CommandsClient;

/// <summary>
/// Says whether a session lives, and learns what became of its start. Implemented by whoever owns sessions (Identity), so that the client
/// can mend a session that the Commands-Server lost without ever starting one that has ended here.
/// </summary>
public interface ICommandsSessionAuthority
{
    /// <summary>Whether the session is live now, read from PostgreSQL.</summary>
    Task<bool> IsLiveAsync(Guid commandsSessionId, CancellationToken cancellationToken);

    /// <summary>
    /// Records that the Commands-Server knows the session now. Where the session ended here in the meantime, the authority sees to it that
    /// it is ended there too, and answers false: the command must not be repeated.
    /// </summary>
    Task<bool> RecordStartedAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken);
}
