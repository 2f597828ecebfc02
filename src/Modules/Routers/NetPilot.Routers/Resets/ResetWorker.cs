using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Routers.Resets;

/// <summary>
/// Sees to it that routers which were given up are reset. It only takes a router's turn: whoever gets the turn does the pending reset first.
/// Each due row is in one replica's hand at a time, under a lease, so that no connection is held during a call.
/// </summary>
internal sealed class ResetWorker(
    NpgsqlDataSource database,
    IRouterTurns turns,
    IOptions<CommandsServerOptions> options,
    IOptions<ResetOptions> resetOptions,
    TimeProvider time,
    ILogger<ResetWorker> logger
) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 32;
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(10);

    protected override TimeSpan Interval => resetOptions.Value.SweepInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var due = await TakeDueAsync(cancellationToken);
        await Task.WhenAll(due.Select(routerId => ResetAsync(routerId, cancellationToken)));
        return due.Count == AtOnce;
    }

    private async Task ResetAsync(string routerId, CancellationToken cancellationToken)
    {
        if (await turns.TakeForPendingResetAsync(routerId, options.Value.Timeouts.Command, cancellationToken) is { } turn)
        {
            await turns.ReleaseAsync(turn, [], CancellationToken.None);
        }
        else
        {
            await PutBackAsync(routerId);
        }
    }

    // A reset that failed has put its row back already; this is for a router whose turn somebody else had.
    private async Task PutBackAsync(string routerId)
    {
        await using var command = database.Command(
            "UPDATE routers.pending_resets SET leased_until = NULL, next_attempt_at = clock_timestamp() + $2 WHERE router_id = $1 AND leased_until IS NOT NULL",
            routerId,
            Interval
        );
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task<List<string>> TakeDueAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            UPDATE routers.pending_resets SET leased_until = clock_timestamp() + $1
            WHERE router_id IN (
                SELECT router_id FROM routers.pending_resets
                WHERE next_attempt_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                ORDER BY next_attempt_at LIMIT $2
                FOR UPDATE SKIP LOCKED)
            RETURNING router_id
            """,
            (options.Value.Timeouts.Command * 2) + LeaseMargin,
            AtOnce
        );
        var due = new List<string>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            due.Add(row.GetString(0));
        }

        return due;
    }
}
