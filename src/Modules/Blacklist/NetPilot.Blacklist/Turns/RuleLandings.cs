namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Which devices a rule is for, where the router looks an address up as a part of a line: while another device's address contains the one that is
/// meant, the rule can be for that device, or for both.
/// </summary>
internal sealed class RuleLandings(IDeviceDirectory devices, TimeProvider time)
{
    private static readonly CommandsFailure NoTimeLeft = RuleApplication.NotDone(
        "There was no time left after the look for the router's devices: nothing was sent."
    );

    // A scan takes half a second for each device, and a user who blocks has just looked at the devices, as a rule.
    private static readonly TimeSpan ScanHolds = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Why nothing can be sent to an address; null if something can. Where the last scan is older than a few minutes, a scan in this turn has the
    /// last word. If that fails, the older one has; if there is none, nothing is sent.
    /// </summary>
    public async Task<CommandsFailure?> RefusalAsync(Rule rule, IPAddress ip, RuleTurn turn)
    {
        if (!CanBePart(ip))
        {
            return null;
        }

        var known = await devices.FindLookalikesAsync(rule.UserId, rule.RouterId, ip, CancellationToken.None);
        var other = known.Devices.FirstOrDefault(device => device.Mac is null || !device.Mac.Equals(rule.DeviceMac))?.Address;
        if (other is null && turn.Seen is null && !(time.UtcNow() - known.ScannedAt < ScanHolds))
        {
            var failure = (await turn.ScanAsync())?.Failure;
            if (!await turn.MayGoOnAsync())
            {
                return NoTimeLeft;
            }

            if (failure is not null && known.ScannedAt is null)
            {
                return failure with { Effect = CommandEffect.NotDone };
            }
        }

        other ??= turn.Seen?.Devices.Select(device => device.Address).FirstOrDefault(address => RuleMatching.IsLookalike(address, ip));
        return other is null
            ? null
            : RuleApplication.NotDone($"The router can't tell {ip} from {other}, which is in use too: nothing was sent.");
    }

    /// <summary>
    /// The address at which to take a rule back, because the device that the router named for it has another address than the one that was sent;
    /// null if the rule stays.
    /// </summary>
    public static async Task<IPAddress?> ElsewhereAsync(Rule rule, RuleDevice named, RuleTurn turn)
    {
        if (!CanBePart(named.Ip) || named.Mac is null || named.Mac.Equals(rule.DeviceMac))
        {
            return null;
        }

        if (MacsAt(named.Ip, turn).Contains(named.Mac))
        {
            return null;
        }

        var look = await turn.AskAsync(rule.Kind);
        IPAddress[] listed =
        [
            .. (look?.Data?.Rules ?? []).Where(held => named.Mac.Equals(held.Mac)).Select(held => held.Address).OfType<IPAddress>(),
        ];
        if (listed.Contains(named.Ip))
        {
            return null;
        }

        if (Array.Find(listed, address => RuleMatching.IsLookalike(address, named.Ip)) is { } elsewhere)
        {
            return elsewhere;
        }

        if (turn.Seen is null)
        {
            await turn.ScanAsync();
        }

        // Somebody else is known at the address, and nothing shows the named device there.
        var there = MacsAt(named.Ip, turn);
        var isAnothers = rule.DeviceMac is not null || there.Any(mac => mac is not null);
        return isAnothers && !there.Contains(named.Mac) ? named.Ip : null;
    }

    /// <summary>
    /// The device that a rule was put on where the answer named none: the row's own one, or another one that has the address by now. Null: the router
    /// does not tell.
    /// </summary>
    public static async Task<RuleDevice?> DeviceAtAsync(Rule rule, IPAddress ip, RuleTurn turn)
    {
        BlockedRule[] listed = [.. (await turn.AskAsync(rule.Kind))?.Data?.Rules ?? []];
        if (Array.Exists(listed, held => rule.DeviceMac!.Equals(held.Mac)))
        {
            return new RuleDevice(ip, rule.DeviceMac, Confirmed: true);
        }

        if (Array.Find(listed, held => ip.Equals(held.Address)) is not { } there)
        {
            return null;
        }

        if (there.Mac is null && turn.Seen is null)
        {
            await turn.ScanAsync();
        }

        var mac = there.Mac ?? (MacsAt(ip, turn) is [{ } only] ? only : null);
        return mac is null ? null : new RuleDevice(ip, mac, Confirmed: true);
    }

    private static PhysicalAddress?[] MacsAt(IPAddress ip, RuleTurn turn) =>
        [.. (turn.Seen?.Devices ?? []).Where(device => device.Address.Equals(ip)).Select(device => device.Mac)];

    // The last number is what differs within a network: 1 to 25 can begin a longer one.
    private static bool CanBePart(IPAddress ip) => ip.GetAddressBytes()[3] <= 25;
}
