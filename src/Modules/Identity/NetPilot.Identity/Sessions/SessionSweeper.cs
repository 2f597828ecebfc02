using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.CommandsClient;

namespace NetPilot.Identity.Sessions;

/// <summary>
/// Ends expired sessions, and delivers ends that are due. Replicas sweep side by side: each claims rows under a lease, and no connection is
/// held during a call.
/// </summary>
internal sealed class SessionSweeper(
    IDbContextFactory<IdentityDbContext> contexts,
    SessionEndings endings,
    EndDeliveries deliveries,
    ICommandsClient client,
    IOptions<SweepOptions> options,
    TimeProvider time,
    ILogger<SessionSweeper> logger
) : PeriodicWorker(time, logger)
{
    private const int ExpiredAtOnce = 200;
    private const int DeliveredAtOnce = 32;

    protected override TimeSpan Interval => options.Value.SweepInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var expired = await endings.EndAsync(
            batch => EndSessions.Expired(batch, endings.Terms(SessionEndReason.Expired), ExpiredAtOnce),
            cancellationToken
        );
        await endings.EndAsync(batch => EndSessions.EndedByHand(batch, endings.Terms(SessionEndReason.Revoked)), cancellationToken);

        var lease = deliveries.NewLease();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // The process that made such a start died, or the Commands-Server hangs. The first command starts the session.
        await db
            .Sessions.Where(session => session.CommandsState == CommandsState.Starting && session.StartUntil <= lease.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.CommandsState, CommandsState.Unavailable), cancellationToken);
        var due = await TakeDueEnds.From(db, lease, DeliveredAtOnce).AsNoTracking().ToListAsync(cancellationToken);
        await Task.WhenAll(due.Select(session => deliveries.DeliverAsync(EndingSession.Of(session), client)));
        return expired == ExpiredAtOnce || due.Count == DeliveredAtOnce;
    }
}
