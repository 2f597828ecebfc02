using System.Collections.Concurrent;
using System.Threading.RateLimiting;

namespace NetPilot.Identity.Abuse;

/// <summary>
/// Counts requests with a refused token per address and minute, and remembers the refused sessions, so that PostgreSQL is not asked again.
/// Both are in memory, per replica. Valid tokens are not affected.
/// </summary>
internal sealed class FailedAuthentications(IOptions<LoginLimitOptions> options, TimeProvider time) : IDisposable
{
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<TokenIds, (Refusal Refusal, long At)> refused = new();
    private readonly PartitionedRateLimiter<string> failures = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetSlidingWindowLimiter(
            network,
            _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = options.Value.AuthFailuresPerAddress,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = 6,
            }
        )
    );

    /// <summary>Why these ids were refused within the last minute; null if they were not.</summary>
    public Refusal? Of(TokenIds ids) => refused.TryGetValue(ids, out var known) && !IsOld(known.At) ? known.Refusal : null;

    public void Remember(TokenIds ids, Refusal refusal)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        if (refused.Count >= MostRemembered)
        {
            MakeRoom();
        }

        refused[ids] = (refusal, time.GetTimestamp());
    }

    /// <summary>Counts a failure.</summary>
    /// <exception cref="ProblemException">429 <c>rate_limited</c>.</exception>
    public void Count(HttpContext context) => Acquire(context, 1);

    /// <summary>Refuses a request if <see cref="Count"/> would.</summary>
    /// <exception cref="ProblemException">429 <c>rate_limited</c>.</exception>
    public void DemandRoom(HttpContext context) => Acquire(context, 0);

    public void Dispose() => failures.Dispose();

    private void Acquire(HttpContext context, int permits)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        using var lease = AttemptAcquire(failures, ClientOf.Network(context), permits);
        if (!lease.IsAcquired)
        {
            var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromMinutes(1);
            throw new ProblemException(
                ErrorCodes.RateLimited,
                "Too many requests without a valid token; log in or refresh, and try again later.",
                wait
            );
        }
    }

    internal static RateLimitLease AttemptAcquire(PartitionedRateLimiter<string> limiter, string network, int permits)
    {
        try
        {
            return limiter.AttemptAcquire(network, permits);
        }
        catch (ObjectDisposedException)
        {
            // https://github.com/dotnet/runtime/issues/99865: an idle partition can be dropped between its look-up and its use. The second look-up
            // makes a new one. Where the whole limiter is disposed, it throws the same again.
            return limiter.AttemptAcquire(network, permits);
        }
    }

    private void MakeRoom()
    {
        foreach (var (ids, known) in refused)
        {
            if (IsOld(known.At))
            {
                refused.TryRemove(ids, out _);
            }
        }

        if (refused.Count >= MostRemembered)
        {
            refused.Clear();
        }
    }

    private bool IsOld(long at) => time.GetElapsedTime(at) >= RememberedFor;
}

/// <summary>Why a signed token is refused.</summary>
internal enum Refusal
{
    /// <summary>The user is disabled. An admin may undo that while the session is live.</summary>
    ForNow,

    /// <summary>The session has ended.</summary>
    ForGood,
}
