namespace NetPilot.Blacklist.Lifecycle;

/// <summary>Which rules of the router's list belong to which live rows, and which belong to none.</summary>
internal sealed class RuleClaims
{
    private readonly RouterView view;
    private readonly Dictionary<Rule, List<BlockedRule>> found = [];
    private readonly Dictionary<PhysicalAddress, Rule> byMac;
    private readonly Dictionary<IPAddress, Rule> nameless;
    private readonly Dictionary<IPAddress, Rule> named;
    private readonly Lazy<Dictionary<IPAddress, PhysicalAddress>> listed;
    private readonly Lazy<(ILookup<PhysicalAddress, Rule> ByMac, ILookup<IPAddress, Rule> ByIp)> history;

    public RuleClaims(RouterView view, IReadOnlyList<Rule> rows)
    {
        this.view = view;
        Live = [.. rows.Where(row => row.IsLive)];
        NamesNoAddress = view.Report.Rules.All(rule => rule.Address is null);
        byMac = Live.Where(row => row.DeviceMac is not null).ToDictionary(row => row.DeviceMac!);
        nameless = ByAddress(Live.Where(row => row.DeviceMac is null));
        named = ByAddress(Live.Where(row => row.DeviceMac is not null));
        listed = new(() =>
            view
                .Report.Rules.Where(rule => rule is { Mac: not null, Address: not null })
                .GroupBy(rule => rule.Address!)
                .ToDictionary(same => same.Key, same => same.First().Mac!)
        );
        history = new(() =>
            (rows.Where(row => row.DeviceMac is not null).ToLookup(row => row.DeviceMac!), rows.ToLookup(row => row.DeviceIp))
        );
        foreach (var entry in view.Report.Rules)
        {
            Claim(entry);
        }
    }

    public Rule[] Live { get; }

    /// <summary>Whether the list names no address at all, as without the <c>arp</c> program: it says nothing about who is away then.</summary>
    public bool NamesNoAddress { get; }

    /// <summary>The live rows whose rule the router shows, each with its rules: more than one where it holds the rule more than once.</summary>
    public IReadOnlyDictionary<Rule, List<BlockedRule>> Found => found;

    /// <summary>The rules that no row claims. What a step disposes of is taken out.</summary>
    public List<BlockedRule> Unclaimed { get; } = [];

    /// <summary>Whether a row claims a rule only because it remembers the address, at which no scan shows its device.</summary>
    public bool AnyPresumed { get; private set; }

    /// <summary>The live row of the same device, where the list or a scan says that this row's address is another one of it.</summary>
    public Rule? KnownDeviceOf(Rule row) =>
        row.DeviceMac is null && (listed.Value.GetValueOrDefault(row.DeviceIp) ?? view.Seen?.OnlyMacAt(row.DeviceIp)) is { } mac
            ? byMac.GetValueOrDefault(mac)
            : null;

    /// <summary>
    /// Whether the device of another live row has the address that this row's device had: a command by the address would be for that one.
    /// </summary>
    public bool IsAtAnothersAddress(Rule row) =>
        row.DeviceMac is not null
        && Array.Exists(Live, other => other.Id != row.Id && other.DeviceMac is not null && other.DeviceIp.Equals(row.DeviceIp));

    /// <summary>Whether a look-up by substring can find the device of another rule that the list shows by this address.</summary>
    public bool ListsLookalike(IPAddress ip) => view.Report.Rules.Any(rule => RuleMatching.IsLookalike(view.AddressOf(rule), ip));

    /// <summary>Whether it can find another device there that a scan shows, or that a live row remembers.</summary>
    public bool RemembersLookalike(IPAddress ip) =>
        (view.Seen?.AnyLookalike(ip) ?? false) || Array.Exists(Live, row => RuleMatching.IsLookalike(row.DeviceIp, ip));

    /// <summary>The newest row of a rule's device or address.</summary>
    public Rule? Newest(BlockedRule rule)
    {
        var ofMac = rule.Mac is { } mac ? history.Value.ByMac[mac] : [];
        var atIp = rule.Address is { } ip ? history.Value.ByIp[ip].Where(row => RuleMatching.IsSame(row, rule)) : [];
        return ofMac.Concat(atIp).MaxBy(row => (row.CreatedAt, row.Id));
    }

    /// <summary>Whether the rule is one that a row stood for which has ended.</summary>
    public bool HasEnded(BlockedRule rule) => Newest(rule) is { IsLive: false };

    private static Dictionary<IPAddress, Rule> ByAddress(IEnumerable<Rule> rows) =>
        rows.GroupBy(row => row.DeviceIp).ToDictionary(same => same.Key, same => same.First());

    private void Claim(BlockedRule entry)
    {
        var owner = entry switch
        {
            { Mac: { } mac } => byMac.GetValueOrDefault(mac) ?? NamelessOwner(entry, mac),
            { Address: { } ip } => PlainOwner(ip),
            _ => null,
        };
        if (owner is null)
        {
            Unclaimed.Add(entry);
        }
        else if (!found.TryAdd(owner, [entry]))
        {
            found[owner].Add(entry);
        }
    }

    // A row without a MAC can stand for one device only: the first one that the list names for its address.
    private Rule? NamelessOwner(BlockedRule entry, PhysicalAddress mac)
    {
        IEnumerable<IPAddress> addresses = entry.Address is { } ip ? [ip] : [];
        return addresses
            .Concat(view.Seen?.AddressesOf(mac) ?? [])
            .Select(address => nameless.GetValueOrDefault(address))
            .FirstOrDefault(row =>
                row is not null && (!found.TryGetValue(row, out var entries) || entries.TrueForAll(other => mac.Equals(other.Mac)))
            );
    }

    // Where a scan says who is at the address now, what rows remember of it does not count.
    private Rule? PlainOwner(IPAddress ip)
    {
        var present = view.Seen?.MacsAt(ip).ToArray() ?? [];
        var known =
            present.Select(mac => byMac.GetValueOrDefault(mac)).FirstOrDefault(row => row is not null)
            ?? nameless.GetValueOrDefault(ip)
            ?? present
                .SelectMany(mac => view.Seen!.AddressesOf(mac))
                .Select(other => nameless.GetValueOrDefault(other))
                .FirstOrDefault(row => row is not null);
        if (known is not null || present.Length > 0)
        {
            return known;
        }

        var presumed = named.GetValueOrDefault(ip);
        AnyPresumed |= presumed is not null;
        return presumed;
    }
}
