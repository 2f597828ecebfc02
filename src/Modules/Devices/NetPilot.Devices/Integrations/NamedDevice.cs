using Microsoft.AspNetCore.Http;

namespace NetPilot.Devices.Integrations;

/// <summary>The device that a request's body names by its address, read with the session.</summary>
internal sealed class NamedDevice(TimeProvider time) : IRequestReads
{
    // As long as what is read of the router with it.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    public DbBatchCommand? For(HttpContext context, Guid userId)
    {
        if (
            context.GetEndpoint()?.Metadata.GetMetadata<NamesDevice>() is null
            || context.Request.RouteValues["routerId"] is not string routerId
            || routerId.Contains('\0', StringComparison.Ordinal)
            || !AddressRules.TryReadIpv4(ArrivedBody.FindText(context.Request, "ip"u8), out var address, out _)
        )
        {
            return null;
        }

        context.Features.Set(new Read(userId, routerId, address));
        return FindKnownDevices.ByAddress(userId, routerId, address);
    }

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken)
    {
        var found = await result.ReadAsync(cancellationToken) ? FindKnownDevices.Read(result) : null;
        context.Features.Get<Read>()!.Found = new Answer(found, time.GetTimestamp());
    }

    /// <summary>The answer of this request's batch to the same question; null if there is none.</summary>
    public Answer? Take(HttpContext? context, Guid userId, string routerId, IPAddress address) =>
        context?.Features.Get<Read>() is { } read
        && read.IsOf(userId, routerId, address)
        && read.Take() is { } answer
        && time.GetElapsedTime(answer.At) < Freshness
            ? answer
            : null;

    internal sealed record Answer(KnownDevice? Device, long At);

    /// <summary>Taken once: who asks again in the same request wants to know what has changed since.</summary>
    private sealed class Read(Guid userId, string routerId, IPAddress address)
    {
        private Answer? found;

        public Answer? Found
        {
            set => found = value;
        }

        public bool IsOf(Guid user, string router, IPAddress ip) => user == userId && router == routerId && ip.Equals(address);

        public Answer? Take() => Interlocked.Exchange(ref found, null);
    }
}
