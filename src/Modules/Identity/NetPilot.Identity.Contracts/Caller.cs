using Microsoft.AspNetCore.Http;

namespace NetPilot.Identity.Contracts;

/// <summary>Who makes the request: made from the access token and from the session's row, read anew on every request.</summary>
/// <param name="UserId">The user.</param>
/// <param name="SessionId">The session's public id (the token's <c>sid</c>).</param>
/// <param name="CommandsSessionId">The session's id on the Commands-Server. A credential: never logged, never answered.</param>
/// <param name="Tier">The user's tier now.</param>
/// <param name="Role">The user's role now.</param>
public sealed record Caller(Guid UserId, Guid SessionId, Guid CommandsSessionId, UserTier Tier, UserRole Role)
{
    /// <summary>Names the user alone, since the other ids are credentials or nearly so.</summary>
    public override string ToString() => $"user {UserId}";
}

/// <summary>What a user pays for.</summary>
public enum UserTier
{
    /// <summary>The tier of a new account.</summary>
    Free,

    /// <summary>The paid tier.</summary>
    Pro,
}

/// <summary>What a user may administer.</summary>
public enum UserRole
{
    /// <summary>Own things only.</summary>
    User,

    /// <summary>Users and claims, but not other people's routers.</summary>
    Admin,
}

/// <summary>Reads the caller of a request.</summary>
public static class CallerExtensions
{
    /// <summary>The authenticated caller.</summary>
    /// <exception cref="InvalidOperationException">The endpoint allows anonymous requests, so there is none: a programming error.</exception>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("This endpoint has no authenticated caller.");
}
