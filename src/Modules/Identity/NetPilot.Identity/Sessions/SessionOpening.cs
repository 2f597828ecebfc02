namespace NetPilot.Identity.Sessions;

/// <summary>Opens a session for a user whose password was verified.</summary>
internal sealed class SessionOpening(
    SessionStarts starts,
    SessionEndings endings,
    AccessTokens accessTokens,
    IOptions<AuthOptions> options,
    TimeProvider time
)
{
    private const int MaxLive = 50;

    /// <summary>The new session's tokens; null if the account changed since its password was verified.</summary>
    public async Task<TokensResponse?> OpenAsync(VerifiedLogin login, HttpContext context, CancellationToken cancellationToken)
    {
        var start = await starts.PlanAsync(login.UserId, cancellationToken);
        var now = time.UtcNow();
        var expires = now + Shorter(options.Value.RefreshTokenLifetime, options.Value.SessionLifetime);
        var session = Session.Open(time.NewId(), start, now, expires, ClientOf.UserAgent(context), ClientOf.Address(context));
        var refresh = Secret.Make();

        var terms = endings.Terms(SessionEndReason.TooMany);
        var opened = await endings.ChangeAsync(
            batch => OpenSession.AddTo(batch, login, session, refresh.Hash(), terms, MaxLive),
            UserResponse.Read,
            cancellationToken
        );
        if (opened is not { } user)
        {
            return null;
        }

        var state = await starts.BeginAsync(start);
        return TokensResponse.Of(
            accessTokens.Mint(user.Id, session.Id, expires, now),
            refresh,
            SessionResponse.Of(session, session.Id) with
            {
                CommandsServer = SessionResponse.Of(state),
            },
            user
        );
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>A login whose password was right.</summary>
/// <param name="NewHash">A stronger hash to store in its place; null to leave it.</param>
internal sealed record VerifiedLogin(Guid UserId, int PasswordVersion, string? NewHash, CountedAttempt Attempt)
{
    /// <summary>Names the user alone.</summary>
    public override string ToString() => $"user {UserId}";
}
