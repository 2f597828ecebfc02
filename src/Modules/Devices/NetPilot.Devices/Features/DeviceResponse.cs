namespace NetPilot.Devices.Features;

internal sealed record DeviceResponse(
    Guid Id,
    string Ip,
    string? Mac,
    string? Hostname,
    string? Name,
    DeviceType Type,
    string? Vendor,
    bool PrivateAddress,
    DateTimeOffset FirstSeenAt,
    DateTimeOffset LastSeenAt,
    bool Online,
    bool Blocked
)
{
    public static DeviceResponse Of(UserDevice device, BlockedSet blocks) =>
        new(
            device.Id,
            device.Ip.ToString(),
            AddressRules.Format(device.Mac),
            device.Hostname,
            device.DeviceName,
            device.DeviceType,
            device.Manufacturer,
            device.HasPrivateAddress,
            device.FirstSeen,
            device.LastSeen,
            device.Online,
            blocks.Contains(device)
        );
}
