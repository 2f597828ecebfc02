namespace NetPilot.Identity.Integrations;

/// <summary>
/// The session without a user. A unique index allows one live row, so that all replicas use the same one. The first command starts it on the
/// Commands-Server, and the sweeper ends it.
/// </summary>
internal sealed class MaintenanceSession(
    IDbContextFactory<IdentityDbContext> contexts,
    SessionEndings endings,
    IOptions<SweepOptions> options,
    TimeProvider time
) : IMaintenanceSession
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    public TimeSpan SweepInterval => options.Value.SweepInterval;

    public async Task<Guid> GetCommandsSessionIdAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var live = db
            .Sessions.Where(session => session.UserId == null && session.EndedAt == null && session.ExpiresAt > now)
            .Select(session => (Guid?)session.CommandsSessionId);
        if (await live.SingleOrDefaultAsync(cancellationToken) is { } found)
        {
            return found;
        }

        await endings.EndAsync(batch => EndSessions.ExpiredMaintenance(batch, endings.Terms(SessionEndReason.Expired)), cancellationToken);
        var making = MakeMaintenanceSession.Of(time.NewId(), CommandsSessionId.New(), now, now + Lifetime);
        await db.Database.ExecuteSqlAsync(making, cancellationToken);
        return await live.SingleOrDefaultAsync(cancellationToken)
            ?? throw new InvalidOperationException("The maintenance session that was just made is not there.");
    }
}
