namespace NetPilot.Identity.Tokens;

/// <summary>The answer to a login or a refresh.</summary>
/// <param name="ExpiresIn">The lifetime of the access token in seconds.</param>
/// <param name="AccessToken">Goes into the header <c>Authorization</c>, after <c>Bearer</c>.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="RefreshToken">Brings the next tokens, once.</param>
/// <param name="RefreshTokenExpiresAt">Until when it does.</param>
/// <param name="Session">The session that the tokens belong to.</param>
/// <param name="User">The user.</param>
/// <example>{"accessToken":"eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiIwMWEyMTRiNyJ9.c2lnbmF0dXJl","tokenType":"Bearer","expiresIn":600,"refreshToken":"3q2-7wvY0c1fJx8sJkq0s2rT4oY3m5b9dN6hV1eW8uA","refreshTokenExpiresAt":"2026-12-25T21:58:46.1021Z","session":{"id":"01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20","createdAt":"2026-11-25T21:58:46.1021Z","lastUsedAt":"2026-11-25T21:58:46.1021Z","expiresAt":"2026-12-25T21:58:46.1021Z","userAgent":"curl/8.14.1","ipAddress":"192.0.2.7","current":true,"commandsServer":"ready"},"user":{"id":"01a214b7-e53d-7493-93d2-219e32a48b86","email":"me@example.org","fullName":"Ada Lovelace","tier":"free","role":"user","createdAt":"2026-11-25T21:58:45.821541Z"}}</example>
internal sealed record TokensResponse(
    string AccessToken,
    [property: AllowedValues("Bearer")] string TokenType,
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
