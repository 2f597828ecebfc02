using Microsoft.Extensions.Logging;
using NetPilot.Background;

namespace NetPilot.Idempotency;

/// <summary>Removes keys that are no longer kept, some at a time.</summary>
internal sealed class IdempotencyPurge(IServiceScopeFactory scopes, TimeProvider time, ILogger<IdempotencyPurge> logger)
    : PeriodicWorker(time, logger)
{
    private const int AtOnce = 1000;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(10);

    protected override TimeSpan FirstAfter => TimeSpan.FromSeconds(10);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IdempotencyStore>().PurgeAsync(AtOnce, cancellationToken);
    }
}
