using System.Threading.RateLimiting;
using NetPilot.Identity.Abuse;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Abuse;

[OneDialect]
public sealed class FailedAuthenticationsTests
{
    [Fact]
    public void A_count_that_is_dropped_between_its_look_up_and_its_use_is_begun_anew()
    {
        var counts = 0;
        using var failures = PartitionedRateLimiter.Create<string, string>(network =>
            RateLimitPartition.Get(
                network,
                _ =>
                    Interlocked.Increment(ref counts) == 1
                        ? (RateLimiter)new IdleCount()
                        : new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 1 })
            )
        );

        using var lease = FailedAuthentications.AttemptAcquire(failures, "192.0.2.1", 1);

        lease.IsAcquired.ShouldBeTrue();
        counts.ShouldBe(2);
    }

    /// <summary>Has been idle for so long that .NET drops it, and is used only when it was.</summary>
    private sealed class IdleCount : RateLimiter
    {
        private readonly ManualResetEventSlim dropped = new();

        public override TimeSpan? IdleDuration => TimeSpan.FromHours(1);

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount)
        {
            dropped.Wait(TestContext.Current.CancellationToken);
            throw new ObjectDisposedException(nameof(IdleCount));
        }

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
            new(AttemptAcquireCore(permitCount));

        protected override ValueTask DisposeAsyncCore()
        {
            dropped.Set();
            return base.DisposeAsyncCore();
        }
    }
}
