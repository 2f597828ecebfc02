using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Data;

namespace NetPilot.Devices.Features;

/// <summary>What is blocked behind a router, as those who keep blocks say; nothing where the server has no such module.</summary>
internal sealed class BlockedFlags(IEnumerable<IBlockedDevices> sources)
{
    private static readonly BlockedSet None = new(new BlockedAddresses([], []));

    public async Task<BlockedSet> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        sources.FirstOrDefault() is { } source ? new BlockedSet(await source.OfRouterAsync(userId, routerId, cancellationToken)) : None;
}

/// <summary>The blocked devices of a router, to ask for one of many devices whether it is among many.</summary>
internal sealed class BlockedSet(BlockedAddresses blocks)
{
    public IReadOnlySet<PhysicalAddress> Macs { get; } = blocks.Macs.ToHashSet();

    public IReadOnlySet<IPAddress> Addresses { get; } = blocks.Addresses.ToHashSet();

    public bool Contains(UserDevice device) => (device.Mac is { } mac && Macs.Contains(mac)) || Addresses.Contains(device.Ip);
}
