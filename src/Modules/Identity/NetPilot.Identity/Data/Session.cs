using System.Net;

namespace NetPilot.Identity.Data;

/// <summary>
/// A login, or the server's own maintenance session (no user). Written by the statements under <c>Sessions/</c>, each of which is atomic
/// against the others; read here.
/// </summary>
internal sealed class Session
{
    private Session() { }

    /// <summary>The public id, the token's <c>sid</c>.</summary>
    public Guid Id { get; private init; }

    /// <summary>The id on the Commands-Server: a credential.</summary>
    public Guid CommandsSessionId { get; private init; }

    public CommandsState CommandsState { get; private init; }

    /// <summary>The router that the session was started for last (deployed dialect).</summary>
    public string? CommandsRouterId { get; private init; }

    /// <summary>Until when a start may take effect there whose outcome nobody has recorded yet; null: none was made, or its outcome is known.</summary>
    public DateTimeOffset? StartUntil { get; private init; }

    /// <summary>When to deliver the end next: the lease of whoever delivers it now, or the end of a back-off.</summary>
    public DateTimeOffset? EndDueAt { get; private init; }

    public int EndAttempts { get; private init; }

    public Guid? UserId { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset LastUsedAt { get; private init; }

    public DateTimeOffset ExpiresAt { get; private init; }

    public DateTimeOffset? EndedAt { get; private init; }

    public SessionEndReason? EndReason { get; private init; }

    public string? UserAgent { get; private init; }

    public IPAddress? IpAddress { get; private init; }
}

internal enum CommandsState
{
    None,
    Starting,
    Ready,
    Unavailable,
    Ending,
    Ended,
}

internal enum SessionEndReason
{
    Logout,
    Revoked,
    Expired,
    PasswordChanged,
    Disabled,
    Deleted,
    TokenReuse,
    TooMany,
}
