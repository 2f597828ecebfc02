using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features;

/// <summary>A block of a device.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ip">The device's address as last seen.</param>
/// <param name="Mac">The device's MAC, if it is known.</param>
/// <param name="DeviceName">The name that the user gave, else the device's hostname.</param>
/// <param name="Reason">Why, in the user's words.</param>
/// <param name="State">How far it got.</param>
/// <param name="Code">
/// Why it failed, or why the last attempt did not succeed; <c>unconfirmed</c> where the router acknowledged the block and its list of rules can't
/// show it; else null.
/// </param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="AppliedAt">When the router put it in force.</param>
/// <param name="LiftedAt">When the router lifted it.</param>
/// <param name="ExpiresAt">When it is to be lifted by itself.</param>
/// <param name="CreatedBy">Who asked for it.</param>
/// <example>{"id":"01a214b7-e9bc-7757-bbe3-b80ba3d3fc25","ip":"192.168.1.10","mac":"60:32:b1:9d:c9:0b","deviceName":"Living room TV","reason":"Homework first","state":"blocked","code":null,"createdAt":"2026-11-25T21:58:46.97247Z","appliedAt":"2026-11-25T21:58:47.020684Z","liftedAt":null,"expiresAt":null,"createdBy":"01a214b7-e53d-7493-93d2-219e32a48b86"}</example>
internal sealed record BlockResponse(
    Guid Id,
    [property: ShownAs(typeof(IPAddress))] string Ip,
    [property: ShownAs(typeof(PhysicalAddress))] string? Mac,
    string? DeviceName,
    string? Reason,
    RuleState State,
    string? Code,
    DateTimeOffset CreatedAt,
    DateTimeOffset? AppliedAt,
    DateTimeOffset? LiftedAt,
    DateTimeOffset? ExpiresAt,
    Guid? CreatedBy
)
{
    public static BlockResponse Of(Rule rule, DeviceNames names) =>
        new(
            rule.Id,
            rule.DeviceIp.ToString(),
            AddressRules.Format(rule.DeviceMac),
            names.Of(rule)?.DisplayName,
            rule.Note,
            rule.State,
            rule.Code,
            rule.CreatedAt,
            rule.AppliedAt,
            rule.LiftedAt,
            rule.ExpiresAt,
            rule.CreatedBy
        );
}

/// <summary>The known devices of some rows, from Devices in one query.</summary>
internal sealed class DeviceNames
{
    public static readonly DeviceNames None = new([]);

    private readonly Dictionary<PhysicalAddress, KnownDevice> byMac = [];
    private readonly Dictionary<IPAddress, KnownDevice> byAddress = [];

    private DeviceNames(IReadOnlyList<KnownDevice> devices)
    {
        foreach (var device in devices)
        {
            byAddress.TryAdd(device.Address, device);
            if (device.Mac is { } mac)
            {
                byMac.TryAdd(mac, device);
            }
        }
    }

    public static DeviceNames Of(KnownDevice? device) => device is null ? None : new DeviceNames([device]);

    public static async Task<DeviceNames> OfAsync(
        IDeviceDirectory directory,
        Guid userId,
        string routerId,
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        rules.Count == 0
            ? None
            : new DeviceNames(
                await directory.FindAsync(
                    userId,
                    routerId,
                    rules.Select(rule => rule.DeviceMac).OfType<PhysicalAddress>().Distinct().ToArray(),
                    rules.Where(rule => rule.DeviceMac is null).Select(rule => rule.DeviceIp).Distinct().ToArray(),
                    cancellationToken
                )
            );

    public KnownDevice? Of(Rule rule) =>
        rule.DeviceMac is { } mac ? byMac.GetValueOrDefault(mac) : byAddress.GetValueOrDefault(rule.DeviceIp);
}
