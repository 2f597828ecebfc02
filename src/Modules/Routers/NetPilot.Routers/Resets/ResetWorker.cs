namespace NetPilot.Routers.Resets;

/// <summary>
/// Sees to it that routers which were given up are reset. It only takes a router's turn: whoever gets the turn does the pending reset first.
/// Each due row is in one replica's hand at a time, under a lease, so that no connection is held during a call.
/// </summary>
internal sealed class ResetWorker(
    NpgsqlDataSource database,
    IRouterTurns turns,
    IMaintenanceSession maintenance,
    IOptions<CommandsServerOptions> options,
    TimeProvider time,
    ILogger<ResetWorker> logger
) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 32;
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(10);
    protected override TimeSpan Interval => maintenance.SweepInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var lease = (options.Value.Timeouts.Command * 2) + LeaseMargin;
        var due = await TakeDueResets.ExecuteAsync(database, lease, AtOnce, cancellationToken);
        await Task.WhenAll(due.Select(routerId => ResetAsync(routerId, cancellationToken)));
        return due.Count == AtOnce;
    }

    private async Task ResetAsync(string routerId, CancellationToken cancellationToken)
    {
        if (await turns.TakeForPendingResetAsync(routerId, options.Value.Timeouts.Command, cancellationToken) is { } turn)
        {
            await turns.ReleaseAsync(turn, []);
        }
        else
        {
            // A reset that failed has put its row back already; this is for a router whose turn somebody else had.
            await PostponeReset.PutBackAsync(database, routerId, Interval);
        }
    }
}
