namespace NetPilot.Identity.Accounts;

/// <summary>Deletes rows that are over, so that no table grows with time alone.</summary>
internal sealed class Janitor(IDbContextFactory<IdentityDbContext> contexts, TimeProvider time, ILogger<Janitor> logger)
    : PeriodicWorker(time, logger)
{
    private const int SessionsAtOnce = 50;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override TimeSpan FirstAfter => TimeSpan.FromSeconds(10);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.UtcNow();
        var (anHourAgo, aWeekAgo, halfAYearAgo) = (now.AddHours(-1), now.AddDays(-7), now.AddDays(-180));
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.LoginAttempts.Where(attempt => attempt.At < anHourAgo).ExecuteDeleteAsync(cancellationToken);
        await db.KnownNetworks.Where(known => known.LastLoginAt < halfAYearAgo).ExecuteDeleteAsync(cancellationToken);
        await db.PasswordResets.Where(reset => reset.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
        await db.ResetMails.Where(mail => mail.DueAt == null && mail.CreatedAt < anHourAgo).ExecuteDeleteAsync(cancellationToken);
        // Thousands of refresh tokens can go with each, and many sessions can have ended at the same time.
        var deleted = await db
            .Sessions.Where(session => session.EndedAt < aWeekAgo && session.CommandsState != CommandsState.Ending)
            .OrderBy(session => session.EndedAt)
            .Take(SessionsAtOnce)
            .ExecuteDeleteAsync(cancellationToken);
        return deleted == SessionsAtOnce;
    }
}
