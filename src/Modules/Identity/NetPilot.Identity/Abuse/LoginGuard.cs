namespace NetPilot.Identity.Abuse;

/// <summary>
/// Limits wrong passwords over all replicas. An attempt is counted before its password is compared, and taken back if the password was
/// right. So parallel guesses cannot exceed the limit.
/// </summary>
internal sealed class LoginGuard(NpgsqlDataSource database, IdentityDbContext db, IOptions<LoginLimitOptions> options, TimeProvider time)
{
    // An attempt that is younger may be taken back yet.
    private static readonly TimeSpan Undecided = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // Whoever waits has a place for a hash. These are fewer than half of them.
    private static readonly SemaphoreSlim Waiting = new(16);

    /// <summary>Counts an attempt. Where the limit is met by attempts that may be taken back yet, it is asked again for a short time.</summary>
    /// <exception cref="ProblemException">429 <c>too_many_attempts</c>, also if the password is right.</exception>
    public async Task<CountedAttempt> CountAsync(string email, HttpContext context, CancellationToken cancellationToken)
    {
        var network = ClientOf.Network(context);
        if (!options.Value.Enabled)
        {
            return new CountedAttempt(null, network);
        }

        var result = await TryAsync();
        if (result.MayHaveRoom && Waiting.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            try
            {
                var started = time.GetTimestamp();
                while (result.MayHaveRoom && time.GetElapsedTime(started) < Undecided)
                {
                    await Task.Delay(Pause, time, cancellationToken);
                    result = await TryAsync();
                }
            }
            finally
            {
                Waiting.Release();
            }
        }

        return result.Wait is not { } wait
            ? new CountedAttempt(result.Id, network)
            : throw new ProblemException(ErrorCodes.TooManyAttempts, "Too many wrong passwords; try again later.", wait);

        async Task<(long? Id, TimeSpan? Wait, bool MayHaveRoom)> TryAsync()
        {
            var now = time.UtcNow();
            var (id, fullUntil, newest) = await CountAttempt.RunAsync(
                database,
                email,
                AccountOf(email),
                network,
                options.Value,
                now,
                cancellationToken
            );
            return (id, fullUntil - now, newest > now - Undecided);
        }
    }

    /// <summary>Deletes an attempt that does not count as a wrong password.</summary>
    public async Task TakeBackAsync(CountedAttempt attempt)
    {
        if (attempt.Id is { } id)
        {
            await db.LoginAttempts.Where(row => row.Id == id).ExecuteDeleteAsync();
        }
    }

    /// <summary>Does what comes before a password is compared, or after it was right. If that fails, the attempt does not count as a wrong password.</summary>
    public async Task<T> WithoutCountingAsync<T>(CountedAttempt attempt, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch
        {
            await TryTakeBackAsync(attempt);
            throw;
        }
    }

    private async Task TryTakeBackAsync(CountedAttempt attempt)
    {
        try
        {
            await TakeBackAsync(attempt);
        }
        catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
        {
            // What failed before says why. The attempt counts for its five minutes.
        }
    }

    /// <summary>The key of an account in the attempts: a hash, because people type more than their e-mail into the field.</summary>
    public static byte[] AccountOf(string email) => SHA256.HashData(Encoding.UTF8.GetBytes(email.ToUpperInvariant()));
}

/// <summary>An attempt, which counts as a wrong password until it is taken back.</summary>
/// <param name="Id">Its row; null if nothing is counted.</param>
/// <param name="Network">The network of the client.</param>
internal sealed record CountedAttempt(long? Id, string Network);
