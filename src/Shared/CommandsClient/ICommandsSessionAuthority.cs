namespace NetPilot.CommandsClient;

/// <summary>
/// Says whether a session lives, and learns what became of its start. Implemented by whoever owns sessions (Identity), so that the client
/// can mend a session that the Commands-Server lost without ever starting one that has ended here.
/// </summary>
public interface ICommandsSessionAuthority
{
    /// <summary>
    /// Asks PostgreSQL whether the session is live now. If so, a start follows: the authority notes that the session may be known there from now
    /// on, so that it is ended there even if nobody comes back to record the start.
    /// </summary>
    /// <param name="commandsSessionId">The session's id on the Commands-Server.</param>
    /// <param name="routerId">The router that the start is going to name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The note of the start, by which it is recorded; null if the session is not live.</returns>
    Task<SessionStartNote?> NoteStartAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken);

    /// <summary>
    /// Records that the Commands-Server knows the session now. Where the session ended here in the meantime, the authority sees to it that
    /// it is ended there too, and answers false: the command must not be repeated.
    /// </summary>
    /// <param name="commandsSessionId">The session's id on the Commands-Server.</param>
    /// <param name="routerId">The router that the start named.</param>
    /// <param name="note">The note that was made of the start.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<bool> RecordStartedAsync(Guid commandsSessionId, string? routerId, SessionStartNote note, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a start of the session was begun, by any replica and before any restart, whose success was never recorded. In the deployed dialect
    /// it can have left a session that takes commands and fails them all.
    /// </summary>
    Task<bool> IsStartInDoubtAsync(Guid commandsSessionId, CancellationToken cancellationToken);
}

/// <summary>What was noted of a start before it was sent.</summary>
/// <param name="AloneUntil">
/// The time until which this start can take effect, if no other one was in doubt when it was noted. Null: another one was, and is still in doubt when
/// this one has succeeded.
/// </param>
public sealed record SessionStartNote(DateTimeOffset? AloneUntil);
