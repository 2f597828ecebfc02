using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Turns;

/// <summary>
/// Which devices a rule is for, where the router looks an address up as a part of a line: while another device's address contains the one that is
/// meant, the rule can be for that device, or for both.
/// </summary>
internal sealed class RuleLandings(IDeviceLookalikes lookalikes)
{
    private static readonly CommandsFailure NoTimeLeft = RuleApplication.NotDone(
        "There was no time left after the look for the router's devices: nothing was sent."
    );

    /// <summary>
    /// Why nothing can be sent to an address; null if something can. What Devices knows may be older than a device that has come since, so that a
    /// scan in this turn has the last word.
    /// </summary>
    public async Task<CommandsFailure?> RefusalAsync(Rule rule, IPAddress ip, RuleTurn turn)
    {
        if (!CanBePart(ip))
        {
            return null;
        }

        var known = await lookalikes.FindAsync(rule.UserId, rule.RouterId, ip, CancellationToken.None);
        var other = known.FirstOrDefault(device => device.Mac is null || !device.Mac.Equals(rule.DeviceMac))?.Address;
        if (other is null)
        {
            if (turn.Seen is null && (await turn.ScanAsync())?.Failure is { } failure)
            {
                return failure with { Effect = CommandEffect.NotDone };
            }

            if (turn.Seen is null || !await turn.MayGoOnAsync())
            {
                return NoTimeLeft;
            }

            other = turn.Seen.Devices.Select(device => device.Address).FirstOrDefault(address => RuleMatching.IsLookalike(address, ip));
        }

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

        PhysicalAddress?[] there =
        [
            .. (turn.Seen?.Devices ?? []).Where(device => device.Address.Equals(named.Ip)).Select(device => device.Mac),
        ];
        if (there.Contains(named.Mac))
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

        // Somebody else is known at the address, and nothing shows the named device there.
        var isAnothers = rule.DeviceMac is not null || there.Any(mac => mac is not null);
        return Array.Find(listed, address => RuleMatching.IsLookalike(address, named.Ip)) ?? (isAnothers ? named.Ip : null);
    }

    // The last number is what differs within a network: 1 to 25 can begin a longer one.
    private static bool CanBePart(IPAddress ip) => ip.GetAddressBytes()[3] <= 25;
}
