namespace NetPilot.Blacklist.Data;

internal static class RuleQueries
{
    public static readonly Keyset<Rule> Newest = new(rule => rule.CreatedAt, rule => rule.Id);

    public static IQueryable<TRow> OfRouter<TRow>(this IQueryable<TRow> rules, Guid userId, string routerId)
        where TRow : Rule => rules.Where(rule => rule.UserId == userId && rule.RouterId == routerId);

    public static IQueryable<BlockRow> WithIds(this IQueryable<BlockRow> rules, IReadOnlyCollection<Guid> ids) =>
        rules.Where(rule => ids.Contains(rule.Id));

    /// <summary>Rows that may be of devices: by their MACs, addresses and aliases.</summary>
    public static IQueryable<BlockRow> OfDevices(this IQueryable<BlockRow> rules, IEnumerable<KnownDevice> devices)
    {
        List<PhysicalAddress?> macs = [.. devices.Select(device => device.Mac).Where(mac => mac is not null)];
        List<IPAddress> addresses = [.. devices.Select(device => device.Address)];
        return rules.Where(rule =>
            macs.Contains(rule.DeviceMac) || addresses.Contains(rule.DeviceIp) || rule.DeviceAliases.Any(alias => addresses.Contains(alias))
        );
    }

    /// <summary>Live rows whose rules the router acknowledged, and its list can't confirm.</summary>
    public static IQueryable<TRow> Unconfirmed<TRow>(this IQueryable<TRow> rules)
        where TRow : Rule => rules.InState(null).Where(rule => rule.Code == RuleCodes.Unconfirmed);

    /// <summary>Rows in the named state; without a name, the live ones.</summary>
    public static IQueryable<TRow> InState<TRow>(this IQueryable<TRow> rules, string? name)
        where TRow : Rule
    {
        if (name is null)
        {
            // Spelled out, because the index of live rows is found by this very condition.
            return rules.Where(rule =>
                rule.State == RuleState.Applying || rule.State == RuleState.InForce || rule.State == RuleState.Lifting
            );
        }

        var state = SnakeCase.Parse<RuleState>(name);
        return rules.Where(rule => rule.State == state);
    }
}
