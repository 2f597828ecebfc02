namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>
/// The devices of a scan, each once by its MAC, or by its address if it has no MAC. They are sorted, so that all scans lock rows in one order.
/// </summary>
/// <param name="Devices">A device with several addresses has the first one.</param>
/// <param name="Sightings">Each pair of MAC and address, once: the addresses of the devices first, then the others in the scan's order.</param>
/// <param name="Skipped">The records that are not stored, with the reasons.</param>
internal sealed record ScanFindings(
    IReadOnlyList<ScannedDevice> Devices,
    IReadOnlyList<DeviceSighting> Sightings,
    IReadOnlyList<SkippedDevice> Skipped
)
{
    public static ScanFindings Of(ScanReport report)
    {
        var skipped = report.Skipped.ToList();
        var byMac = new Dictionary<PhysicalAddress, ScannedDevice>();
        var byAddress = new Dictionary<IPAddress, ScannedDevice>();
        var sightings = new Dictionary<IPAddress, HashSet<PhysicalAddress>>();
        var others = new List<DeviceSighting>();
        foreach (var device in report.Devices)
        {
            if (device.Mac is not { } mac)
            {
                byAddress[device.Address] = byAddress.TryGetValue(device.Address, out var same) ? Complete(same, device) : device;
                continue;
            }

            var isFirst = byMac.TryAdd(mac, device);
            if (!isFirst)
            {
                byMac[mac] = Complete(byMac[mac], device);
            }

            var macs = sightings.TryGetValue(device.Address, out var known) ? known : sightings[device.Address] = [];
            if (macs.Add(mac) && !isFirst)
            {
                others.Add(new DeviceSighting(mac, device.Address));
                skipped.Add(Skip(device, $"This MAC was found at {byMac[mac].Address} too, and a device has one address."));
            }
        }

        // A record without a MAC means the device that another record shows at the same address.
        foreach (var (address, macs) in sightings)
        {
            if (byAddress.Remove(address, out var nameless) && macs.Count == 1 && byMac[macs.Single()] is var device)
            {
                byMac[device.Mac!] = Complete(device, nameless);
            }
        }

        ScannedDevice[] withMac = [.. byMac.Values.OrderBy(device => AddressRules.Format(device.Mac), StringComparer.Ordinal)];
        return new ScanFindings(
            [.. withMac, .. byAddress.Values.OrderBy(device => BitConverter.ToUInt32(device.Address.GetAddressBytes()))],
            [.. withMac.Select(device => new DeviceSighting(device.Mac!, device.Address)), .. others],
            skipped
        );
    }

    // An extender answers with its MAC for the devices behind it: a hostname at another address is one of theirs.
    private static ScannedDevice Complete(ScannedDevice device, ScannedDevice with) =>
        device with
        {
            Hostname = device.Hostname ?? (device.Address.Equals(with.Address) ? with.Hostname : null),
            Vendor = device.Vendor ?? with.Vendor,
        };

    private static SkippedDevice Skip(ScannedDevice device, string reason) =>
        new(device.Address.ToString(), AddressRules.Format(device.Mac), reason);
}
