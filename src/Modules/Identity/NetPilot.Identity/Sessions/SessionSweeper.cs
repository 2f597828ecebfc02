namespace NetPilot.Identity.Sessions;

/// <summary>
/// Ends expired sessions, and delivers ends that are due. Replicas sweep side by side: each claims rows under a lease, and no connection is
/// held during a call.
/// </summary>
internal sealed class SessionSweeper(
    NpgsqlDataSource database,
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
        var due = await TakeDueEnds.RunAsync(database, lease, DeliveredAtOnce, cancellationToken);
        await Task.WhenAll(due.Select(session => deliveries.DeliverAsync(session, client)));
        return expired == ExpiredAtOnce || due.Count == DeliveredAtOnce;
    }
}
