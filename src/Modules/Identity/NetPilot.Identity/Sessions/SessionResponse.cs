namespace NetPilot.Identity.Sessions;

/// <summary>A live session, as its user sees it.</summary>
/// <param name="LastUsedAt">The last use, to the minute.</param>
/// <param name="ExpiresAt">The end, if the session is not refreshed.</param>
/// <param name="Current">Whether the request belongs to it.</param>
/// <param name="Id">The session's id.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="UserAgent">What the client called itself at login.</param>
/// <param name="IpAddress">Where the login came from.</param>
/// <param name="CommandsServer">The state of the session on the Commands-Server.</param>
/// <example>{"id":"01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20","createdAt":"2026-11-25T21:58:46.1021Z","lastUsedAt":"2026-11-25T21:58:46.1021Z","expiresAt":"2026-12-25T21:58:46.1021Z","userAgent":"curl/8.14.1","ipAddress":"192.0.2.7","current":true,"commandsServer":"ready"}</example>
internal sealed record SessionResponse(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    DateTimeOffset ExpiresAt,
    string? UserAgent,
    string? IpAddress,
    bool Current,
    CommandsServerState CommandsServer
)
{
    public static CommandsServerState Of(CommandsState state) =>
        state switch
        {
            CommandsState.Starting => CommandsServerState.Starting,
            CommandsState.Ready => CommandsServerState.Ready,
            CommandsState.Unavailable => CommandsServerState.Unavailable,
            _ => CommandsServerState.None,
        };

    public static SessionResponse Of(Session session, Guid current) =>
        new(
            session.Id,
            session.CreatedAt,
            session.LastUsedAt,
            session.ExpiresAt,
            session.UserAgent,
            session.IpAddress?.ToString(),
            session.Id == current,
            Of(session.CommandsState)
        );
}

/// <summary>The state of a session on the Commands-Server.</summary>
internal enum CommandsServerState
{
    None,
    Starting,
    Ready,
    Unavailable,
}
