using NetPilot.Identity.Accounts;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Tokens;

/// <summary>What a login or a refresh brings.</summary>
/// <param name="AccessToken">Goes with every request, as a bearer token.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">The access token's lifetime in seconds.</param>
/// <param name="RefreshToken">Brings the next tokens, once.</param>
/// <param name="RefreshTokenExpiresAt">Until when it does.</param>
/// <param name="Session">The session that the tokens belong to.</param>
/// <param name="User">The user.</param>
internal sealed record TokensView(
    string AccessToken,
    string TokenType,
    int ExpiresIn,
    string RefreshToken,
    DateTimeOffset RefreshTokenExpiresAt,
    SessionView Session,
    UserView User
)
{
    public static TokensView Of(AccessToken access, Secret refresh, SessionView session, UserView user) =>
        new(access.Value, "Bearer", access.ExpiresIn, refresh.Text(), session.ExpiresAt, session, user);

    /// <summary>Says nothing: both tokens are credentials.</summary>
    public override string ToString() => nameof(TokensView);
}
