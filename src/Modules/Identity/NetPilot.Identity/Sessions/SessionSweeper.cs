using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.CommandsClient;
using NetPilot.Identity.Data;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>
/// Ends sessions that have expired, and delivers ends that are due. Any number of replicas sweep side by side:
/// each takes rows that nobody else holds, under a lease, so that no connection is held during a call.
/// </summary>
internal sealed class SessionSweeper(
    NpgsqlDataSource database,
    SessionEndings endings,
    EndDeliveries deliveries,
    ICommandsClient client,
    IOptions<SessionSettings> options,
    TimeProvider time,
    ILogger<SessionSweeper> logger
) : PeriodicWorker(time, logger)
{
    private const int ExpiredAtOnce = 200;
    private const int DeliveredAtOnce = 32;
    private readonly TimeProvider time = time;

    protected override TimeSpan Interval => options.Value.SweepInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        var expired = await ExpireAsync(cancellationToken);
        await TidyAsync(now, cancellationToken);
        var due = await TakeDueAsync(now, cancellationToken);
        await Task.WhenAll(due.Select(session => deliveries.DeliverAsync(session, client)));
        return expired == ExpiredAtOnce || due.Count == DeliveredAtOnce;
    }

    private async Task<int> ExpireAsync(CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        endings.End(
            batch,
            SessionEndReason.Expired,
            """
            id IN (
                SELECT id FROM identity.sessions WHERE ended_at IS NULL AND expires_at <= $1
                ORDER BY expires_at LIMIT $4 FOR UPDATE SKIP LOCKED
            )
            """,
            ExpiredAtOnce
        );
        return await endings.ExecuteAsync(batch, cancellationToken);
    }

    private async Task<List<EndingSession>> TakeDueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            UPDATE identity.sessions SET end_due_at = $2
            WHERE id IN (
                SELECT id FROM identity.sessions WHERE commands_state = 'ending' AND end_due_at <= $1
                ORDER BY end_due_at LIMIT $3 FOR UPDATE SKIP LOCKED
            )
            RETURNING {EndingSession.Columns}
            """,
            now,
            deliveries.LeaseFrom(now),
            DeliveredAtOnce
        );
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<EndingSession>();
        while (await rows.ReadAsync(cancellationToken))
        {
            due.Add(EndingSession.Read(rows));
        }

        return due;
    }

    // Ended by hand in the database: the Commands-Server has to learn of it all the same.
    private const string Adopt = $"""
        UPDATE identity.sessions SET
            commands_state = CASE WHEN {SessionEndings.MayBeKnown} THEN 'ending' ELSE 'ended' END,
            end_due_at = CASE WHEN {SessionEndings.MayBeKnown} THEN $1::timestamptz END,
            end_reason = coalesce(end_reason, 'revoked')
        WHERE ended_at IS NOT NULL AND commands_state NOT IN ('ending', 'ended')
        """;

    // A start that nobody came back from: its process died, or the Commands-Server hangs. The first command starts the session.
    private async Task TidyAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch
            .With(Adopt, now)
            .With(
                "UPDATE identity.sessions SET commands_state = 'unavailable' WHERE commands_state = 'starting' AND start_until <= $1",
                now
            );
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
