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
    public async Task<(IPAddress? Address, CommandsFailure? Failure)> OfAsync(Rule rule, RuleTurn turn)
    {
        if (!await IsTakenAsync(rule))
        {
            return (rule.DeviceIp, null);
        }

        var scan = await turn.ScanAsync();
        if (scan is not { IsSuccess: true, Data: { } report })
        {
            return (null, scan?.Failure is { } failure ? failure with { Effect = CommandEffect.NotDone } : NoTimeLeft);
        }

        var seen = report.Devices.Where(device => rule.DeviceMac!.Equals(device.Mac)).Select(device => device.Address).FirstOrDefault();
        return seen is null ? (null, Away)
            : await turn.MayGoOnAsync() ? (seen, null)
            : (null, NoTimeLeft);
    }
}
