namespace NetPilot.Identity.Tokens;

/// <summary>
/// Exchanges a refresh token for the next tokens. A token is good for one exchange. Within ten seconds its holder may repeat it (a lost
/// answer, two tabs) and gets the same successor, as long as that is unused. Any other use of a spent token ends the session, because the
/// token was stolen.
/// </summary>
internal sealed class TokenRotation(
    NpgsqlDataSource database,
    SessionEndings endings,
    SessionStarts starts,
    AccessTokens accessTokens,
    IOptions<AuthOptions> options,
    TimeProvider time
)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>The next tokens; null if the token is not valid.</summary>
    public async Task<TokensResponse?> RotateAsync(Secret token, CancellationToken cancellationToken)
    {
        var askedAt = time.UtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await RotateToken.FindAsync(connection, token.Hash(), askedAt, cancellationToken) is not { } found)
        {
            return null;
        }

        // The wait for a connection and for the locks can be as long as the grace, which begins when the token is spent.
        var now = time.UtcNow();

        await using var batch = connection.CreateBatch();
        var expires = Earlier(found.Session.CreatedAt + options.Value.SessionLifetime, now + options.Value.RefreshTokenLifetime);
        // The lifetime may have become shorter since the session's end was set.
        var isOver = expires <= now;
        if (found.ReplacedAt is null && !isOver)
        {
            var next = Secret.Make();
            RotateToken.Replace(batch, found, token.Hash(), token.Seal(next), next.Hash(), now, expires);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            starts.KeepAlive(found.Commands);
            return Tokens(found.User, found.Session with { LastUsedAt = now, ExpiresAt = expires }, next, now);
        }

        if (found.SealedSuccessor is { } successor && askedAt - found.ReplacedAt <= Grace)
        {
            return Tokens(found.User, found.Session, token.Unseal(successor), now);
        }

        var reason = found.ReplacedAt is null ? SessionEndReason.Expired : SessionEndReason.TokenReuse;
        EndSessions.One(batch, endings.Terms(reason), found.Session.Id);
        var ended = await SessionEndings.RunAsync(batch, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        endings.Deliver(ended);
        return null;
    }

    private TokensResponse Tokens(UserResponse user, SessionResponse session, Secret refresh, DateTimeOffset now) =>
        TokensResponse.Of(accessTokens.Mint(user.Id, session.Id, session.ExpiresAt, now), refresh, session, user);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
