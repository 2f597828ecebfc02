namespace NetPilot.Devices.Features;

/// <summary>The blocked devices of a router; none if no module keeps blocks.</summary>
internal sealed class BlockedFlags(IEnumerable<IBlockedDevices> sources)
{
    private static readonly BlockedSet None = new(new BlockedAddresses([], []));

    public async Task<BlockedSet> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        sources.FirstOrDefault() is { } source ? new BlockedSet(await source.OfRouterAsync(userId, routerId, cancellationToken)) : None;

    /// <summary>Which of these devices of one router are blocked.</summary>
    public async Task<BlockedSet> OfAsync(IReadOnlyCollection<UserDevice> devices, CancellationToken cancellationToken) =>
        sources.FirstOrDefault() is { } source && devices.FirstOrDefault() is { } first
            ? new BlockedSet(
                await source.AmongAsync(
                    first.UserId,
                    first.RouterId,
                    [.. devices.Select(device => device.Mac).OfType<PhysicalAddress>()],
                    [.. devices.Select(device => device.Ip)],
                    cancellationToken
                )
            )
            : None;
}

internal sealed class BlockedSet(BlockedAddresses blocks)
{
    public IReadOnlySet<PhysicalAddress> Macs { get; } = blocks.Macs.ToHashSet();

    public IReadOnlySet<IPAddress> Addresses { get; } = blocks.Addresses.ToHashSet();

    public bool Contains(UserDevice device) => (device.Mac is { } mac && Macs.Contains(mac)) || Addresses.Contains(device.Ip);
}
