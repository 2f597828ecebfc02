namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Where the device of a rule is. A command goes by an address, and the address that a device was last seen with can be another device's by now.
/// </summary>
internal sealed class RulePlaces(IDeviceDirectory devices)
{
    private static readonly CommandsFailure Away = RuleApplication.NotDone(
        "The device is away, and another one has its address: nothing was sent."
    );

    private static readonly CommandsFailure NoTimeLeft = RuleApplication.NotDone(
        "There was no time left after the look for the device: nothing was sent."
    );

    /// <summary>Whether another device is known at the rule's address.</summary>
    public async Task<bool> IsTakenAsync(Rule rule) =>
        rule is { Kind.FollowsDevice: true, DeviceMac: { } mac }
        && await devices.FindByAddressAsync(rule.UserId, rule.RouterId, rule.DeviceIp, CancellationToken.None) is { Mac: { } holder }
        && !holder.Equals(mac);

    /// <summary>The device's address: that of the rule, or where a scan finds it if another one has that. Else why nothing can be sent.</summary>
    public async Task<(IPAddress? Address, CommandsFailure? Failure)> OfAsync(Rule rule, RuleTurn turn) =>
        await IsTakenAsync(rule) ? await LookAsync(rule, turn) : (rule.DeviceIp, null);

    /// <summary>Where a scan in this turn shows the device. Else why nothing can be sent.</summary>
    public static async Task<(IPAddress? Address, CommandsFailure? Failure)> LookAsync(Rule rule, RuleTurn turn)
    {
        var failure = turn.Seen is null ? (await turn.ScanAsync())?.Failure : null;
        if (turn.Seen is not { } report)
        {
            return (null, failure is null ? NoTimeLeft : failure with { Effect = CommandEffect.NotDone });
        }

        var seen = report.Devices.Where(device => IsOf(rule, device)).Select(device => device.Address).FirstOrDefault();
        return seen is null ? (null, Away)
            : await turn.MayGoOnAsync() ? (seen, null)
            : (null, NoTimeLeft);
    }

    /// <summary>Whether a scan shows the device of the rule.</summary>
    public static bool Shows(ScanReport seen, Rule rule) => seen.Devices.Any(device => IsOf(rule, device));

    private static bool IsOf(Rule rule, ScannedDevice device) => rule.DeviceMac?.Equals(device.Mac) ?? rule.DeviceIp.Equals(device.Address);
}
