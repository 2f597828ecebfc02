using System.Net;
using System.Net.NetworkInformation;

namespace NetPilot.Devices.Data;

/// <summary>
/// A device that scans saw behind a router: its MAC where it has one, else its address. Scans write their rows by <c>ScanStore</c>, so there
/// is no factory here; name and type are the user's, and no scan touches them.
/// </summary>
internal sealed class UserDevice
{
    public const int MaxNameLength = 100;

    private UserDevice() { }

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public IPAddress Ip { get; private set; } = null!;

    public PhysicalAddress? Mac { get; private set; }

    public string? Hostname { get; private set; }

    public string? DeviceName { get; private set; }

    public DeviceType DeviceType { get; private set; }

    public string? Manufacturer { get; private set; }

    public DateTimeOffset FirstSeen { get; private set; }

    public DateTimeOffset LastSeen { get; private set; }

    public bool Online { get; private set; }

    /// <summary>Whether the device made its MAC up (locally administered), as phones do for privacy.</summary>
    public bool HasPrivateAddress => Mac?.GetAddressBytes() is [var first, ..] && (first & 0b10) != 0;

    public void Rename(string? name) => DeviceName = name;

    public void Classify(DeviceType type) => DeviceType = type;
}
