namespace NetPilot.Devices.Features;

/// <summary>A device, as its router's owner sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ip">Its address as last seen.</param>
/// <param name="Mac">Its MAC, if the router told it.</param>
/// <param name="Hostname">What the device calls itself.</param>
/// <param name="Name">What the user calls it; null until given.</param>
/// <param name="Type">What it is.</param>
/// <param name="Vendor">Who made it, as its MAC or the router tells.</param>
/// <param name="PrivateAddress">Whether its MAC is one that the device made up.</param>
/// <param name="FirstSeenAt">When a scan first saw it.</param>
/// <param name="LastSeenAt">When a scan last saw it.</param>
/// <param name="Online">Whether the last scan saw it.</param>
/// <param name="Blocked">Whether it is blocked.</param>
/// <param name="IsNew">Whether a scan added it and nobody has acknowledged it yet.</param>
/// <param name="PersonId">The person whose it is; null for nobody.</param>
/// <param name="LikelySameAs">
/// The ids of devices that this one is likely to be under another MAC: at most five, the likeliest first. It names some if this device has a MAC
/// that it made up, and others of the router that the last scan did not see have its hostname (in any case) or its vendor. Nothing is merged by
/// itself.
/// </param>
/// <example>{"id":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780","ip":"192.168.1.10","mac":"60:32:b1:9d:c9:0b","hostname":"living-room","name":"Living room TV","type":"tv","vendor":"TP-Link Technologies Co.,Ltd.","privateAddress":false,"firstSeenAt":"2026-11-25T21:58:46.532029Z","lastSeenAt":"2026-11-25T21:58:46.532029Z","online":true,"blocked":false,"isNew":true,"personId":null,"likelySameAs":[]}</example>
internal sealed record DeviceResponse(
    Guid Id,
    [property: ShownAs(typeof(IPAddress))] string Ip,
    [property: ShownAs(typeof(PhysicalAddress))] string? Mac,
    string? Hostname,
    string? Name,
    DeviceType Type,
    string? Vendor,
    bool PrivateAddress,
    DateTimeOffset FirstSeenAt,
    DateTimeOffset LastSeenAt,
    bool Online,
    bool Blocked,
    bool IsNew,
    Guid? PersonId,
    IReadOnlyList<Guid> LikelySameAs
)
{
    public static DeviceResponse Of(UserDevice device, KnownDetails details) =>
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
            details.Blocked.Contains(device.Mac, device.Ip),
            device.IsNew,
            details.People.TryGetValue(device.Id, out var person) ? person : null,
            [.. details.Lookalikes[device.Id]]
        );
}
