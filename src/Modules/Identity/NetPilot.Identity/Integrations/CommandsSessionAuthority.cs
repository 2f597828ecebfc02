using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Integrations;

internal sealed class CommandsSessionAuthority(
    IDbContextFactory<IdentityDbContext> contexts,
    EndDeliveries deliveries,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : ICommandsSessionAuthority
{
    // The caller starts a live session. The same statement notes that the Commands-Server may know it from now on: if the session ends
    // before the start is recorded, its end is still delivered.
    public async Task<bool> IsLiveAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        DateTimeOffset? until = now + SessionStarts.StartWindow(options.Value);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var live = await db
            .Sessions.Where(session => session.CommandsSessionId == commandsSessionId && session.EndedAt == null && session.ExpiresAt > now)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(session => session.StartUntil, session => EF.Functions.Greatest(session.StartUntil, until))
                        .SetProperty(session => session.CommandsRouterId, session => routerId ?? session.CommandsRouterId),
                cancellationToken
            );
        return live > 0;
    }

    public async Task<bool> RecordStartedAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var lease = deliveries.NewLease();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var recorded = RecordStart.From(db, commandsSessionId, routerId, lease.Until).AsNoTracking();
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
