using NetPilot.Devices.Contracts;

namespace NetPilot.Devices.Features;

/// <summary>What is blocked behind a router, as those who keep blocks say; nothing where the server has no such module.</summary>
internal sealed class BlockedFlags(IEnumerable<IBlockedDevices> sources)
{
    private static readonly BlockedAddresses None = new([], []);

    public Task<BlockedAddresses> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        sources.FirstOrDefault()?.OfRouterAsync(userId, routerId, cancellationToken) ?? Task.FromResult(None);
}
