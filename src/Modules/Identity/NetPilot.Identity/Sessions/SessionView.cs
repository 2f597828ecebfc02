using NetPilot.Identity.Data;

namespace NetPilot.Identity.Sessions;

/// <summary>A live session, as the REST contract shows it.</summary>
/// <param name="Id">The session's id.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="LastUsedAt">When it was last used, to the minute.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed, or at the latest.</param>
/// <param name="UserAgent">What the client called itself at login.</param>
/// <param name="IpAddress">Where the login came from.</param>
/// <param name="Current">Whether it is the session that asks.</param>
/// <param name="CommandsServer">How the Commands-Server knows it.</param>
internal sealed record SessionView(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    DateTimeOffset ExpiresAt,
    string? UserAgent,
    string? IpAddress,
    bool Current,
    CommandsServerView CommandsServer
)
{
    public static CommandsServerView Of(CommandsState state) =>
        state switch
        {
            CommandsState.Starting => CommandsServerView.Starting,
            CommandsState.Ready => CommandsServerView.Ready,
            CommandsState.Unavailable => CommandsServerView.Unavailable,
            _ => CommandsServerView.None,
        };

    public static SessionView Of(Session session, Guid current) =>
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

internal enum CommandsServerView
{
    None,
    Starting,
    Ready,
    Unavailable,
}
