using System.Threading.RateLimiting;

namespace NetPilot.CommandsClient.Resilience;

/// <summary>
/// Every router's own share of calls under way. A hung router holds its share until the calls time out; nobody else waits for that, since
/// connections are not limited elsewhere (MaxConnectionsPerServer stays at its default, unlimited).
/// </summary>
internal sealed class RouterBulkhead : IDisposable
{
    /// <summary>
    /// Commands that change a router come one by one (its turn), so only scans, speed tests and Wi-Fi reads meet here: eight at once are more
    /// than one router serves well, and few enough that a hung one holds few threads of the Commands-Server.
    /// </summary>
    public const int PerRouter = 8;

    /// <summary>A burst on a healthy router waits rather than fails; beyond this it is no burst any more.</summary>
    public const int Queue = 256;

    private readonly PartitionedRateLimiter<string?> _limiter;

    public RouterBulkhead()
        : this(Create()) { }

    internal RouterBulkhead(PartitionedRateLimiter<string?> limiter) => _limiter = limiter;

    public ValueTask<RateLimitLease> EnterAsync(string? share, CancellationToken cancellationToken)
    {
        try
        {
            return _limiter.AcquireAsync(share, 1, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            // https://github.com/dotnet/runtime/issues/99865: an idle partition can be dropped between its look-up and its use. The second look-up
            // makes a new one. Where this bulkhead itself is disposed, it throws the same again.
            return _limiter.AcquireAsync(share, 1, cancellationToken);
        }
    }

    public void Dispose() => _limiter.Dispose();

    // Idle partitions are dropped by the limiter itself, so a router that is never called again costs nothing.
    private static PartitionedRateLimiter<string?> Create() =>
        PartitionedRateLimiter.Create<string?, string>(share =>
            share is null
                ? RateLimitPartition.GetNoLimiter("")
                : RateLimitPartition.GetConcurrencyLimiter(
                    share,
                    _ => new ConcurrencyLimiterOptions
                    {
                        PermitLimit = PerRouter,
                        QueueLimit = Queue,
                        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                    }
                )
        );
}
