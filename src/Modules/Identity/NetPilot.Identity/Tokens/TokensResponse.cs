using NetPilot.Identity.Accounts;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Tokens;

/// <summary>The answer to a login or a refresh.</summary>
/// <param name="ExpiresIn">The lifetime of the access token in seconds.</param>
internal sealed record TokensResponse(
    string AccessToken,
    string TokenType,
    int ExpiresIn,
    string RefreshToken,
    DateTimeOffset RefreshTokenExpiresAt,
    SessionResponse Session,
    UserResponse User
)
{
    public static TokensResponse Of(AccessToken access, Secret refresh, SessionResponse session, UserResponse user) =>
        new(access.Value, "Bearer", access.ExpiresIn, refresh.Text(), session.ExpiresAt, session, user);

    /// <summary>Hides the tokens, which are credentials.</summary>
    public override string ToString() => nameof(TokensResponse);
}
