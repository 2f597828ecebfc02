using Microsoft.Extensions.Logging;
using NetPilot.Background;
using NetPilot.Persistence.Data.Statements;

namespace NetPilot.Idempotency;

/// <summary>Removes keys that are no longer kept, some at a time.</summary>
internal sealed class IdempotencyPurge(
    IdempotencyTable table,
    NpgsqlDataSource database,
    TimeProvider time,
    ILogger<IdempotencyPurge> logger
) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 1000;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(10);

    protected override TimeSpan FirstAfter => TimeSpan.FromSeconds(10);

    protected override Task<bool> RunOnceAsync(CancellationToken cancellationToken) =>
        PurgeRows.ExecuteAsync(database, table.Name, "created_at", Time.UtcNow() - IdempotencyStore.KeptFor, AtOnce, cancellationToken);
}
