using System.Threading.RateLimiting;

namespace NetPilot.Host.Http;

/// <summary>
/// A number of requests for a minute, which begins with the first of them. A refusal has the time that is left of the minute: up to .NET 10, the
/// framework's fixed window gives the whole window.
/// </summary>
internal sealed class MinuteLimiter(int permits, TimeProvider machine) : RateLimiter
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long began = machine.GetTimestamp();
    private int used;

    /// <summary>Null while the minute lasts: a limiter that is idle for some seconds is dropped with its count.</summary>
    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (gate)
            {
                var idle = machine.GetElapsedTime(began) - Minute;
                return idle < TimeSpan.Zero ? null : idle;
            }
        }
    }

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (gate)
        {
            var elapsed = machine.GetElapsedTime(began);
            if (elapsed >= Minute)
            {
                (began, used, elapsed) = (machine.GetTimestamp(), 0, TimeSpan.Zero);
            }

            if (used + permitCount > permits)
            {
                return new Lease(Minute - elapsed);
            }

            used += permitCount;
            return Lease.Acquired;
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
        new(AttemptAcquireCore(permitCount));

    private sealed class Lease(TimeSpan? wait) : RateLimitLease
    {
        public static readonly Lease Acquired = new(null);

        public override bool IsAcquired => wait is null;

        public override IEnumerable<string> MetadataNames => wait is null ? [] : [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? wait : null;
            return metadata is not null;
        }
    }
}
