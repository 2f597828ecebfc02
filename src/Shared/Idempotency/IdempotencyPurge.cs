using Microsoft.Extensions.Logging;
using NetPilot.Persistence;

namespace NetPilot.Routers.Idempotency;

/// <summary>Removes keys that are no longer kept, some at a time.</summary>
internal sealed class IdempotencyPurge(IdempotencyStore store, TimeProvider time, ILogger<IdempotencyPurge> logger)
    : PeriodicWorker(time, logger)
{
    private const int Batch = 1000;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(10);

    protected override Task<bool> RunOnceAsync(CancellationToken cancellationToken) => store.PurgeAsync(Batch, cancellationToken);
}
