using System.Net;
using System.Net.NetworkInformation;

namespace NetPilot.Devices.Contracts;

/// <summary>Which devices of a router are blocked. Implemented above Devices, by whoever keeps the blocks.</summary>
public interface IBlockedDevices
{
    /// <summary>The MACs and addresses of the router's live blocks that are in force (blocked or lifting), in one round trip.</summary>
    Task<BlockedAddresses> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken);

    /// <summary>
    /// The statement that reads the same of the devices with these MACs and addresses alone, for the batch in which Devices reads what other
    /// modules know of them. It is an <c>NpgsqlBatchCommand</c>, and its cost does not grow with the router's blocks.
    /// </summary>
    /// <param name="userId">The owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="macs">The devices' MACs, as far as they are known.</param>
    /// <param name="addresses">The devices' addresses.</param>
    DbBatchCommand Among(Guid userId, string routerId, PhysicalAddress[] macs, IPAddress[] addresses);

    /// <summary>Reads the result of the statement of <see cref="Among"/>.</summary>
    /// <param name="result">The result. Only its rows are to be read.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<BlockedAddresses> ReadAsync(DbDataReader result, CancellationToken cancellationToken);
}

/// <summary>
/// The blocked devices of a router. A block is of a device if their MACs are the same, or else, where one of the two has none, their addresses. A
/// device that has a MAC is not the device of another MAC whose address it has now.
/// </summary>
/// <param name="Macs">The MACs of blocks.</param>
/// <param name="Addresses">The addresses of blocks that are known by their address alone.</param>
/// <param name="AddressesOfMacs">The addresses of the other blocks, by which they are of devices without a MAC.</param>
public sealed record BlockedAddresses(
    IReadOnlyList<PhysicalAddress> Macs,
    IReadOnlyList<IPAddress> Addresses,
    IReadOnlyList<IPAddress> AddressesOfMacs
)
{
    /// <summary>No block.</summary>
    public static BlockedAddresses None { get; } = new([], [], []);
}

/// <summary>The same, to look up many devices.</summary>
/// <param name="blocks">The blocks.</param>
public sealed class BlockedSet(BlockedAddresses blocks)
{
    private readonly HashSet<PhysicalAddress> macs = [.. blocks.Macs];
    private readonly HashSet<IPAddress> addresses = [.. blocks.Addresses];
    private readonly HashSet<IPAddress> addressesOfMacs = [.. blocks.AddressesOfMacs];

    /// <summary>Whether one of the blocks is of this device.</summary>
    /// <param name="mac">The device's MAC; null where none is known.</param>
    /// <param name="address">The device's address.</param>
    public bool Contains(PhysicalAddress? mac, IPAddress address) =>
        addresses.Contains(address) || (mac is null ? addressesOfMacs.Contains(address) : macs.Contains(mac));
}

/// <summary>Learns where a scan saw devices. Implemented above Devices, by whoever keeps rows that follow a device's address.</summary>
public interface IDeviceSightings
{
    /// <summary>
    /// Called after a scan is stored, with every pair of MAC and address that the scan named, those that Devices skipped included: a MAC can have
    /// several addresses (the stored one comes first), and an address several MACs. Best for one statement; safe to repeat. It changes rows
    /// and adds none: the router may have been given up during the scan.
    /// </summary>
    /// <param name="router">The router.</param>
    /// <param name="devices">The pairs.</param>
    /// <param name="byUser">Whether a user asked for the scan, or for what it was made for; else the server looked by itself.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task DevicesSeenAsync(OwnedRouter router, IReadOnlyList<DeviceSighting> devices, bool byUser, CancellationToken cancellationToken);
}

/// <summary>A device and where it was seen.</summary>
/// <param name="Mac">The device.</param>
/// <param name="Address">Its address now.</param>
public sealed record DeviceSighting(PhysicalAddress Mac, IPAddress Address);
