namespace NetPilot.Blacklist.Lifecycle;

/// <summary>Where a scan saw devices: every pair of MAC and address that it named.</summary>
internal sealed class Sightings(IEnumerable<(PhysicalAddress Mac, IPAddress Ip)> pairs)
{
    private readonly ILookup<PhysicalAddress, IPAddress> addresses = pairs.ToLookup(pair => pair.Mac, pair => pair.Ip);
    private readonly ILookup<IPAddress, PhysicalAddress> macs = pairs.ToLookup(pair => pair.Ip, pair => pair.Mac);

    public static Sightings Of(ScanReport report) =>
        new(report.Devices.Where(device => device.Mac is not null).Select(device => (device.Mac!, device.Address)).Distinct().ToArray());

    /// <summary>Whether a device is at another address that contains this one.</summary>
    public bool AnyLookalike(IPAddress ip) => macs.Any(at => RuleMatching.IsLookalike(at.Key, ip));

    public IEnumerable<IPAddress> AddressesOf(PhysicalAddress mac) => addresses[mac];

    public IEnumerable<PhysicalAddress> MacsAt(IPAddress ip) => macs[ip];

    /// <summary>The one device at an address; null where there is none or several.</summary>
    public PhysicalAddress? OnlyMacAt(IPAddress ip) => macs[ip].Take(2).ToArray() is [{ } mac] ? mac : null;
}

/// <summary>What is known of the router at one moment, read within one turn.</summary>
/// <param name="Seen">Where its devices are; null where no scan was made.</param>
/// <param name="ScanFailure">Why a scan that was needed brought nothing.</param>
internal sealed record RouterView(BlockedReport Report, Sightings? Seen = null, CommandsFailure? ScanFailure = null)
{
    /// <summary>Where the device of a rule is: by the list, else by the scan.</summary>
    public IPAddress? AddressOf(BlockedRule rule) => rule.Address ?? (rule.Mac is { } mac ? Seen?.AddressesOf(mac).FirstOrDefault() : null);
}

/// <summary>What the comparison goes by.</summary>
/// <param name="IsDue">Whether a row that is under way may be decided now: never sooner than its command's own time.</param>
/// <param name="FollowsDevice">Whether the router's rules stick to MACs.</param>
/// <param name="MatchesBySubstring">Whether the Commands-Server can put a rule on a device whose address merely contains the one meant, and leave such a rule out of its list.</param>
/// <param name="Eager">Whether what the router refused before is tried again, because a user asked.</param>
internal sealed record ReconciliationTerms(
    Func<Rule, bool> IsDue,
    RuleOutcomes Outcomes,
    DateTimeOffset Now,
    bool FollowsDevice,
    bool MatchesBySubstring,
    bool Eager
)
{
    /// <summary>Whether a scan is worth it that only tells where surplus rules are. It is for a comparison of the whole router, and not for a row.</summary>
    public bool LooksForSurplus { get; init; }

    /// <summary>The fence of the first turn of a comparison in several: what was tried since is not tried again before it is due.</summary>
    public long FirstFence { get; init; } = long.MaxValue;

    /// <summary>
    /// Whether the list may leave out a rule whose device is away: one of addresses alone has none for it, and an empty one does not show its form.
    /// </summary>
    public bool MayLeaveOutAway(BlockedReport report) => FollowsDevice && !MatchesBySubstring && report.Rules.All(rule => rule.Mac is null);

    /// <summary>Whether what the router refused before is tried again now.</summary>
    public bool IsTriedNow(Rule row) => Eager && row.Fence < FirstFence;
}
