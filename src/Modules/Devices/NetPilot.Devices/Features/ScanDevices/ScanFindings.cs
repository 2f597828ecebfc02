using System.Net;
using System.Net.NetworkInformation;
using NetPilot.CommandsClient;
using NetPilot.Web;

namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>
/// What a scan found, each device once: by its MAC, or by its address where the scan told no MAC. Sorted, so that two scans never lock
/// rows in opposite orders.
/// </summary>
internal sealed record ScanFindings(IReadOnlyList<ScannedDevice> Devices, IReadOnlyList<SkippedDevice> Skipped)
{
    public static ScanFindings Of(ScanReport report)
    {
        var skipped = report.Skipped.ToList();
        var byMac = new Dictionary<PhysicalAddress, ScannedDevice>();
        var byAddress = new Dictionary<IPAddress, ScannedDevice>();
        foreach (var device in report.Devices)
        {
            if (device.Mac is null)
            {
                byAddress.TryAdd(device.Address, device);
            }
            else if (!byMac.TryAdd(device.Mac, device) && !byMac[device.Mac].Address.Equals(device.Address))
            {
                skipped.Add(Skip(device, $"This MAC was found at {byMac[device.Mac].Address} too, and a device has one address."));
            }
        }

        var known = byMac.Values.Select(device => device.Address).ToHashSet();
        var nameless = byAddress.Values.Where(device => !known.Contains(device.Address));
        return new ScanFindings(
            [
                .. byMac.Values.OrderBy(device => AddressRules.Format(device.Mac), StringComparer.Ordinal),
                .. nameless.OrderBy(device => BitConverter.ToUInt32(device.Address.GetAddressBytes())),
            ],
            skipped
        );
    }

    private static SkippedDevice Skip(ScannedDevice device, string reason) =>
        new(device.Address.ToString(), AddressRules.Format(device.Mac), reason);
}
