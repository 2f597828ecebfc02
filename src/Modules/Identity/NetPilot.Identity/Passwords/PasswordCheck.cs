namespace NetPilot.Identity.Passwords;

/// <summary>Compares passwords within the limits for wrong ones.</summary>
internal sealed class PasswordCheck(LoginGuard guard)
{
    /// <summary>
    /// Demands the right password. The caller takes the attempt back with the change that it permits, or by <see cref="LoginGuard.WithoutCountingAsync"/>
    /// where that does not come about: a right password is no wrong one.
    /// </summary>
    /// <remarks><c>findHash</c> reads the account's hash. Null stands for an unknown account, which takes as long.</remarks>
    /// <exception cref="ProblemException">401 <c>invalid_credentials</c>, 429 <c>too_many_attempts</c>.</exception>
    public async Task<CountedAttempt> DemandAsync(
        PasswordHasher.Place place,
        string email,
        string password,
        Func<Task<string?>> findHash,
        HttpContext context,
        CancellationToken cancellationToken
    )
    {
        var attempt = await guard.CountAsync(email, context, cancellationToken);
        var hash = await guard.WithoutCountingAsync(attempt, findHash);
        // A hash that has begun is never cancelled: whatever is thrown, nothing was compared and nothing was learned about the password.
        var isRight = await guard.WithoutCountingAsync(attempt, () => place.VerifyAsync(password, hash, cancellationToken));
        return isRight ? attempt : throw new ProblemException(AccountProblems.InvalidCredentials());
    }
}
