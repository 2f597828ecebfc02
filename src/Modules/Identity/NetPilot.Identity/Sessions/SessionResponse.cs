namespace NetPilot.Identity.Sessions;

/// <summary>A live session, as its user sees it.</summary>
/// <param name="LastUsedAt">The last use, to the minute.</param>
/// <param name="ExpiresAt">The end, if the session is not refreshed.</param>
/// <param name="Current">Whether the request belongs to it.</param>
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

internal enum CommandsServerState
{
    None,
    Starting,
    Ready,
    Unavailable,
}
