using System.Threading.RateLimiting;
using NetPilot.CommandsClient.Resilience;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

public sealed class RouterBulkheadTests
{
    [Fact]
    public async Task A_share_that_is_dropped_between_its_look_up_and_its_use_is_made_anew()
    {
        var shares = 0;
        using var bulkhead = new RouterBulkhead(
            PartitionedRateLimiter.Create<string?, string>(share =>
                RateLimitPartition.Get(
                    share!,
                    _ =>
                        Interlocked.Increment(ref shares) == 1
                            ? (RateLimiter)new IdleShare()
                            : new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 1 })
                )
            )
        );

        using var lease = await bulkhead.EnterAsync("router-1", TestContext.Current.CancellationToken);

        lease.IsAcquired.ShouldBeTrue();
        shares.ShouldBe(2);
    }

    [Fact]
    public async Task A_bulkhead_that_is_disposed_lets_nobody_in()
    {
        var bulkhead = new RouterBulkhead();
        bulkhead.Dispose();

        await Should.ThrowAsync<ObjectDisposedException>(async () =>
            await bulkhead.EnterAsync("router-1", TestContext.Current.CancellationToken)
        );
    }

    /// <summary>Has been idle for so long that .NET drops it, and is used only when it was.</summary>
    private sealed class IdleShare : RateLimiter
    {
        private readonly ManualResetEventSlim _dropped = new();

        public override TimeSpan? IdleDuration => TimeSpan.FromHours(1);

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount)
        {
            _dropped.Wait(TestContext.Current.CancellationToken);
            throw new ObjectDisposedException(nameof(IdleShare));
        }

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
            new(AttemptAcquireCore(permitCount));

        protected override ValueTask DisposeAsyncCore()
        {
            _dropped.Set();
            return base.DisposeAsyncCore();
        }
    }
}
