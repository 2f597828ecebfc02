using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Where the device of a rule is. A command goes by an address, and the address that a device was last seen with can be another device's by now.
/// </summary>
internal sealed class RulePlaces(IDeviceDirectory devices)
{
    public static CommandsFailure Away { get; } =
        new(
            CommandsFailureKind.CommandFailed,
            CommandEffect.NotDone,
            "The device is away, and another one has its address: nothing was sent."
        );

    /// <summary>Whether another device is known at the rule's address.</summary>
    public async Task<bool> IsTakenAsync(Rule rule) =>
        rule is { Kind.FollowsDevice: true, DeviceMac: { } mac }
        && await devices.FindByAddressAsync(rule.UserId, rule.RouterId, rule.DeviceIp, CancellationToken.None) is { Mac: { } holder }
        && !holder.Equals(mac);

    /// <summary>The device's address: that of the rule, or where a scan finds it if another one has that. Null: it is away.</summary>
    public async Task<IPAddress?> OfAsync(Rule rule, RuleTurn turn)
    {
        if (!await IsTakenAsync(rule))
        {
            return rule.DeviceIp;
        }

        var scan = await turn.ScanAsync();
        var seen = scan is { IsSuccess: true, Data: { } report }
            ? report.Devices.Where(device => rule.DeviceMac!.Equals(device.Mac)).Select(device => device.Address).FirstOrDefault()
            : null;
        return seen is not null && await turn.MayGoOnAsync() ? seen : null;
    }
}
