using Microsoft.AspNetCore.Http;

namespace NetPilot.Identity.Contracts;

/// <summary>The caller of a request, from the access token and from the row of its session.</summary>
/// <param name="UserId">The user.</param>
/// <param name="SessionId">The session's public id (the token's <c>sid</c>).</param>
/// <param name="CommandsSessionId">The session's id on the Commands-Server. It is a credential: it is neither logged nor answered.</param>
/// <param name="Tier">The user's tier.</param>
/// <param name="Role">The user's role.</param>
public sealed record Caller(Guid UserId, Guid SessionId, Guid CommandsSessionId, UserTier Tier, UserRole Role)
{
    /// <summary>Names the user alone, because the session ids are credentials or close to them.</summary>
    public override string ToString() => $"user {UserId}";
}

/// <summary>The tier of a user.</summary>
public enum UserTier
{
    /// <summary>The tier of a new account.</summary>
    Free,

    /// <summary>The paid tier.</summary>
    Pro,
}

/// <summary>The role of a user.</summary>
public enum UserRole
{
    /// <summary>Manages the user's own routers only.</summary>
    User,

    /// <summary>Also administers users and claims, but not the routers of other users.</summary>
    Admin,
}

/// <summary>Reads the caller of a request.</summary>
public static class CallerExtensions
{
    /// <summary>The authenticated caller.</summary>
    /// <exception cref="InvalidOperationException">The endpoint allows anonymous requests.</exception>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("This endpoint has no authenticated caller.");
}
