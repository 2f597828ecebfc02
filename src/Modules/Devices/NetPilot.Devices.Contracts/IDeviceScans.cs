using System.Net;
using NetPilot.CommandsClient;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Contracts;

/// <summary>Takes the report of a scan that another module asked the router for, so that it counts as any other scan.</summary>
public interface IDeviceScans
{
    /// <summary>Stores what the scan found, and tells every <see cref="IDeviceSightings"/>. Safe to repeat.</summary>
    /// <param name="router">The router, whose ownership the caller checked.</param>
    /// <param name="report">What the Commands-Server answered.</param>
    /// <param name="scannedAt">When the scan was asked for (UTC).</param>
    /// <param name="byUser">Whether a user asked for it, or for what it was made for; else the server looked by itself.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task RecordAsync(OwnedRouter router, ScanReport report, DateTimeOffset scannedAt, bool byUser, CancellationToken cancellationToken);
}

/// <summary>Devices that a look-up by substring can take for another one.</summary>
public interface IDeviceLookalikes
{
    /// <summary>
    /// The online devices of the router at another address that contains this one as text (192.168.1.101 for 192.168.1.10), in one round trip.
    /// The deployed form of the Commands-Server resolves an address by such a look-up.
    /// </summary>
    Task<Lookalikes> FindAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken);
}

/// <summary>What the last scan of a router says of the devices that a look-up can take for another one.</summary>
/// <param name="Devices">They.</param>
/// <param name="ScannedAt">When that scan was asked for (UTC); null if there was none.</param>
public sealed record Lookalikes(IReadOnlyList<KnownDevice> Devices, DateTimeOffset? ScannedAt);
