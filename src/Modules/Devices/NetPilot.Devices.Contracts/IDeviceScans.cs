using NetPilot.CommandsClient;

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
