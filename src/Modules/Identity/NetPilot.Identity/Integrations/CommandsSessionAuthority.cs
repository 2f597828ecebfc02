namespace NetPilot.Identity.Integrations;

internal sealed class CommandsSessionAuthority(
    NpgsqlDataSource database,
    IDbContextFactory<IdentityDbContext> contexts,
    EndDeliveries deliveries,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : ICommandsSessionAuthority
{
    // If the session ends before the start is recorded, its end is still delivered.
    public async Task<SessionStartNote?> NoteStartAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        return await NoteStart.RunAsync(
            database,
            commandsSessionId,
            routerId,
            now,
            now + SessionStarts.StartWindow(options.Value),
            cancellationToken
        );
    }

    public async Task<bool> RecordStartedAsync(
        Guid commandsSessionId,
        string? routerId,
        SessionStartNote note,
        CancellationToken cancellationToken
    )
    {
        var lease = deliveries.NewLease();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var recorded = RecordStart.From(db, commandsSessionId, routerId, note, lease.Until).AsNoTracking();
        var session = (await recorded.ToListAsync(cancellationToken)).SingleOrDefault();
        if (session is { EndedAt: not null })
        {
            deliveries.HandOver([EndingSession.Of(session)]);
        }

        return session is { EndedAt: null } && session.ExpiresAt > lease.Now;
    }

    public async Task<bool> IsStartInDoubtAsync(Guid commandsSessionId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Sessions.AnyAsync(
            session => session.CommandsSessionId == commandsSessionId && session.StartUntil != null,
            cancellationToken
        );
    }
}
