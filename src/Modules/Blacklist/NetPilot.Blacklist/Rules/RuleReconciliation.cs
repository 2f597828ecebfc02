using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;

namespace NetPilot.Blacklist.Rules;

/// <summary>One thing to do so that rows and router agree.</summary>
internal abstract record ReconciliationStep
{
    /// <summary>Whether a command goes to the router for it.</summary>
    public virtual bool Sends => false;

    /// <summary>The row is to say what was seen.</summary>
    public sealed record Settle(Rule Rule, RuleChange Change) : ReconciliationStep;

    /// <summary>The row's device is at another address, or is known by its MAC now.</summary>
    public sealed record Identify(Rule Rule, RuleDevice Device) : ReconciliationStep;

    /// <summary>Two live rows mean the same device: the older one stays, and the other one ends.</summary>
    public sealed record Merge(Rule Duplicate, Rule Kept) : ReconciliationStep;

    /// <summary>The rule is to be put in force (again), at the device's present address.</summary>
    public sealed record Apply(Rule Rule, IPAddress Ip) : ReconciliationStep
    {
        public override bool Sends => true;
    }

    /// <summary>The rule is to be lifted, at the device's present address.</summary>
    public sealed record Lift(Rule Rule, IPAddress Ip) : ReconciliationStep
    {
        public override bool Sends => true;
    }

    /// <summary>The router holds the rule of a live row more than once: one is to go.</summary>
    public sealed record LiftExtra(Rule Rule, IPAddress Ip) : ReconciliationStep
    {
        public override bool Sends => true;
    }

    /// <summary>A rule that landed on another device is to go; then its row has failed.</summary>
    public sealed record LiftMisdirected(Rule Rule, IPAddress Ip) : ReconciliationStep
    {
        public override bool Sends => true;
    }

    /// <summary>A rule of ours that no live row stands for any more is to go.</summary>
    /// <param name="Ended">The newest row of that rule.</param>
    /// <param name="Ip">The device's present address.</param>
    public sealed record LiftStray(Rule Ended, IPAddress Ip) : ReconciliationStep
    {
        public override bool Sends => true;
    }

    /// <summary>A rule of unknown origin: reported, not touched.</summary>
    public sealed record Unmanaged(BlockedRule Held) : ReconciliationStep;
}

/// <summary>Where a scan saw devices: every pair of MAC and address that it named.</summary>
internal sealed class Sightings(IEnumerable<(PhysicalAddress Mac, IPAddress Ip)> pairs)
{
    private readonly ILookup<PhysicalAddress, IPAddress> addresses = pairs.ToLookup(pair => pair.Mac, pair => pair.Ip);
    private readonly ILookup<IPAddress, PhysicalAddress> macs = pairs.ToLookup(pair => pair.Ip, pair => pair.Mac);

    public static Sightings Of(ScanReport report) =>
        new(report.Devices.Where(device => device.Mac is not null).Select(device => (device.Mac!, device.Address)).Distinct().ToArray());

    /// <summary>Whether a device is at another address that contains this one.</summary>
    public bool AnyLookalike(IPAddress ip) => macs.Any(at => RuleReconciliation.IsLookalike(at.Key, ip));

    public IEnumerable<IPAddress> AddressesOf(PhysicalAddress mac) => addresses[mac];

    public IEnumerable<PhysicalAddress> MacsAt(IPAddress ip) => macs[ip];

    /// <summary>The one device at an address; null where there is none or several.</summary>
    public PhysicalAddress? OnlyMacAt(IPAddress ip) => macs[ip].Take(2).ToArray() is [{ } mac] ? mac : null;
}

/// <summary>What is known of the router at one moment, read within one turn.</summary>
/// <param name="Report">Its list of rules.</param>
/// <param name="Seen">Where its devices are; null where no scan was made.</param>
/// <param name="ScanFailure">Why a scan that was needed brought nothing.</param>
internal sealed record RouterView(BlockedReport Report, Sightings? Seen = null, CommandsFailure? ScanFailure = null);

/// <summary>What the comparison goes by.</summary>
/// <param name="IsDue">Whether a row that is under way may be decided now: never sooner than its command's own time.</param>
/// <param name="Lifecycle">Makes the changes.</param>
/// <param name="Now">The time of the look.</param>
/// <param name="FollowsDevice">Whether the router's rules stick to MACs.</param>
/// <param name="MatchesBySubstring">Whether the Commands-Server can put a rule on a device whose address merely contains the one meant, and leave such a rule out of its list.</param>
/// <param name="Eager">Whether what the router refused before is tried again, because a user asked.</param>
internal sealed record ReconciliationTerms(
    Func<Rule, bool> IsDue,
    RuleLifecycle Lifecycle,
    DateTimeOffset Now,
    bool FollowsDevice,
    bool MatchesBySubstring,
    bool Eager
);

/// <summary>Whether the router holds the rule of a row.</summary>
internal enum Presence
{
    Present,
    Absent,

    /// <summary>The list can't say.</summary>
    Unclear,
}

/// <summary>
/// Compares what the router holds with the rows, and says what to do. A row and a rule are the same when their MACs are, else when their
/// addresses are. A rule counts as absent only where the list was read whole and holds no rule that could be this one. Pure: the reading before
/// and the doing after belong to <see cref="RuleReconciler"/>.
/// </summary>
internal sealed class RuleReconciliation
{
    private readonly RouterView view;
    private readonly ReconciliationTerms terms;
    private readonly Rule[] live;
    private readonly Dictionary<Rule, List<BlockedRule>> found = [];
    private readonly List<BlockedRule> unclaimed = [];

    // Whether there are rules that could be of a row with a MAC, and of one without.
    private readonly bool anyPlain;
    private readonly bool anyNamed;
    private readonly bool anyUnnamed;

    // Whether a row claims a rule only because it remembers the address, at which no scan shows its device.
    private bool anyPresumed;
    private readonly Lazy<Dictionary<IPAddress, PhysicalAddress>> listed;
    private readonly Lazy<(ILookup<PhysicalAddress, Rule> ByMac, ILookup<IPAddress, Rule> ByIp)> history;

    private RuleReconciliation(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms)
    {
        this.view = view;
        this.terms = terms;
        live = [.. rows.Where(row => row.IsLive)];
        Claim();
        anyPlain =
            anyPresumed || unclaimed.Exists(rule => rule is { Mac: null, Address: { } ip } && !(view.Seen?.MacsAt(ip).Any() ?? false));
        anyUnnamed = unclaimed.Exists(rule => rule.Mac is null);
        anyNamed = unclaimed.Exists(rule => rule.Mac is not null) || found.Values.Any(entries => entries.Count > 1);
        listed = new(() =>
            view
                .Report.Rules.Where(rule => rule is { Mac: not null, Address: not null })
                .GroupBy(rule => rule.Address!)
                .ToDictionary(same => same.Key, same => same.First().Mac!)
        );
        history = new(() =>
            (rows.Where(row => row.DeviceMac is not null).ToLookup(row => row.DeviceMac!), rows.ToLookup(row => row.DeviceIp))
        );
    }

    /// <param name="view">What is known of the router.</param>
    /// <param name="rows">The router's live rows, and the newest row of each device and address that the router reports.</param>
    /// <param name="terms">What the comparison goes by.</param>
    public static IEnumerable<ReconciliationStep> Plan(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms) =>
        new RuleReconciliation(view, rows, terms).Steps();

    /// <summary>What the router's list says of one live row, and the rule that is its own.</summary>
    public static (Presence Presence, BlockedRule? Entry) Find(
        Guid id,
        RouterView view,
        IReadOnlyList<Rule> rows,
        ReconciliationTerms terms
    )
    {
        var comparison = new RuleReconciliation(view, rows, terms);
        if (Array.Find(comparison.live, row => row.Id == id) is not { } own)
        {
            return (Presence.Unclear, null);
        }

        var entry = comparison.found.TryGetValue(own, out var entries) ? Representative(own, entries) : comparison.AdoptedBy(own);
        return (comparison.PresenceOf(own, entry), entry);
    }

    /// <summary>Whether the plan depends on where devices are now.</summary>
    public static bool NeedsSightings(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms) =>
        terms.FollowsDevice && view.Seen is null && new RuleReconciliation(view, rows, terms).DependsOnSightings();

    /// <summary>The rows in force whose rule the router shows, and which do not say so yet.</summary>
    public static Guid[] NewlyConfirmed(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms) =>
        [
            .. Shown(view, rows, terms)
                .Where(row =>
                    row.State == RuleState.Blocked
                    && (row.Attempts > 0 || (!row.MacConfirmed && row.DeviceMac is not null && terms.FollowsDevice))
                )
                .Select(row => row.Id),
        ];

    /// <summary>The live rows whose rule the router shows.</summary>
    public static IReadOnlyCollection<Rule> Shown(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms) =>
        new RuleReconciliation(view, rows, terms).found.Keys;

    /// <summary>Whether a rule that the router holds is the one that the row stands for.</summary>
    public static bool IsSame(Rule row, BlockedRule rule) =>
        row.DeviceMac is not null && rule.Mac is not null
            ? row.DeviceMac.Equals(rule.Mac)
            : rule.Address is not null && row.DeviceIp.Equals(rule.Address);

    /// <summary>Whether a look-up of the shorter address by substring finds the longer one.</summary>
    public static bool IsLookalike(IPAddress? longer, IPAddress? shorter) =>
        longer is not null
        && shorter is not null
        && !longer.Equals(shorter)
        && longer.ToString().Contains(shorter.ToString(), StringComparison.Ordinal);

    private void Claim()
    {
        var byMac = live.Where(row => row.DeviceMac is not null).ToDictionary(row => row.DeviceMac!);
        var nameless = live.Where(row => row.DeviceMac is null)
            .GroupBy(row => row.DeviceIp)
            .ToDictionary(same => same.Key, same => same.First());
        var named = live.Where(row => row.DeviceMac is not null)
            .GroupBy(row => row.DeviceIp)
            .ToDictionary(same => same.Key, same => same.First());
        foreach (var entry in view.Report.Rules)
        {
            var owner = entry switch
            {
                { Mac: { } mac } => byMac.GetValueOrDefault(mac) ?? NamelessOwner(entry, mac, nameless),
                { Address: { } ip } => PlainOwner(ip, byMac, nameless, named),
                _ => null,
            };
            if (owner is null)
            {
                unclaimed.Add(entry);
            }
            else if (found.TryGetValue(owner, out var entries))
            {
                entries.Add(entry);
            }
            else
            {
                found[owner] = [entry];
            }
        }
    }

    // A row without a MAC can stand for one device only: the first one that the list names for its address.
    private Rule? NamelessOwner(BlockedRule entry, PhysicalAddress mac, Dictionary<IPAddress, Rule> nameless)
    {
        IEnumerable<IPAddress> addresses = entry.Address is { } ip ? [ip] : [];
        foreach (var address in addresses.Concat(view.Seen?.AddressesOf(mac) ?? []))
        {
            if (
                nameless.GetValueOrDefault(address) is { } row
                && (!found.TryGetValue(row, out var entries) || entries.TrueForAll(other => mac.Equals(other.Mac)))
            )
            {
                return row;
            }
        }

        return null;
    }

    // Where a scan says who is at the address now, what rows remember of it does not count.
    private Rule? PlainOwner(
        IPAddress ip,
        Dictionary<PhysicalAddress, Rule> byMac,
        Dictionary<IPAddress, Rule> nameless,
        Dictionary<IPAddress, Rule> named
    )
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
        anyPresumed |= presumed is not null;
        return presumed;
    }

    private bool DependsOnSightings() =>
        live.Any(row =>
            IsDecided(row)
            && !found.ContainsKey(row)
            && (
                CouldBeUnclaimed(row)
                || ((row.DeviceMac is not null || MayBeOfSeveral(row)) && StepFor(row, null) is ReconciliationStep.Apply)
            )
        );

    private bool IsDecided(Rule row) => row.State == RuleState.Blocked || terms.IsDue(row);

    private IEnumerable<ReconciliationStep> Steps()
    {
        var isUnsure = false;
        var mayLiftExtras = true;
        foreach (var row in live)
        {
            var entries = found.GetValueOrDefault(row);
            if (entries is null && DuplicateOf(row) is { } kept)
            {
                yield return new ReconciliationStep.Merge(row, kept);
                continue;
            }

            var entry = entries is null ? AdoptedBy(row) : Representative(row, entries);
            if (entry is not null && IdentifyStep(row, entry) is { } identify)
            {
                yield return identify;
            }

            if (!IsDecided(row))
            {
                isUnsure |= row.DeviceMac is null && entries is null;
                mayLiftExtras &= !isUnsure;
                continue;
            }

            if (entry is null && MisdirectedRuleOf(row) is { Address: { } elsewhere } misdirected)
            {
                unclaimed.Remove(misdirected);
                yield return new ReconciliationStep.LiftMisdirected(row, elsewhere);
                continue;
            }

            if (entry is null && row.DeviceMac is null && PresenceOf(row, null) == Presence.Unclear)
            {
                isUnsure = true;
                // An extra rule can be of a block whose answer was lost, of another address of the device: it is too much all the same.
                mayLiftExtras &= row is { State: RuleState.Applying, MaybeSent: true };
            }

            if (StepFor(row, entry) is { } step)
            {
                yield return step;
            }
        }

        foreach (var extra in mayLiftExtras ? Extras() : [])
        {
            yield return extra;
        }

        foreach (var rule in unclaimed)
        {
            yield return StrayStep(rule, isUnsure);
        }
    }

    private ReconciliationStep? StepFor(Rule row, BlockedRule? entry)
    {
        var presence = PresenceOf(row, entry);
        return (row.State, presence) switch
        {
            (RuleState.Applying, Presence.Present) => row.HasExpired(terms.Now) && entry!.Address is { } address
                ? new ReconciliationStep.Lift(row, address)
                : Settle(row, RuleLifecycle.InForce(row, terms.Now)),
            (RuleState.Applying, Presence.Absent) when row.HasExpired(terms.Now) || row.IsBeingCleared => Settle(row, Gone(row)),
            (RuleState.Applying, Presence.Absent) when row.GiveUpAt > terms.Now => ApplyStep(row),
            (RuleState.Applying, Presence.Absent) => Settle(row, RuleLifecycle.NeverArrived(row)),
            // Nothing was ever sent for it, so that no rule on the router can be its own.
            (RuleState.Applying, Presence.Unclear)
                when row is { MaybeSent: false, AppliedAt: null } && row.GiveUpAt > terms.Now && !row.HasExpired(terms.Now) => ApplyStep(
                row
            ),
            (RuleState.Applying, Presence.Unclear) => Settle(row, terms.Lifecycle.Undecided(row, terms.Now)),

            (RuleState.Blocked, Presence.Present) => row.SettleAt is null && row.Code != RuleCodes.Unconfirmed
                ? null
                : Settle(
                    row,
                    RuleLifecycle.InForce(row, terms.Now) with
                    {
                        Code = row.Code == RuleCodes.Unconfirmed ? null : row.Code,
                        Detail = row.Code == RuleCodes.Unconfirmed ? null : row.Detail,
                    }
                ),
            (RuleState.Blocked, Presence.Absent) when row.HasExpired(terms.Now) || row.IsBeingCleared => Settle(row, Gone(row)),
            (RuleState.Blocked, Presence.Absent) when !IsUnlistable(row) => ApplyStep(row),
            (RuleState.Blocked, _) => row.Code == RuleCodes.Unconfirmed && row.SettleAt is null
                ? null
                : Settle(row, RuleLifecycle.Unconfirmed(row)),

            // A list that may leave the rule out does not prove that it is gone.
            (RuleState.Lifting, Presence.Absent) when terms.MatchesBySubstring && !row.MacConfirmed && !row.MaybeSent =>
                new ReconciliationStep.Lift(row, row.DeviceIp),
            (RuleState.Lifting, Presence.Absent) => Settle(row, Gone(row)),
            (RuleState.Lifting, _) when row.GiveUpAt <= terms.Now && !row.HasExpired(terms.Now) => Settle(
                row,
                RuleLifecycle.InForce(row, terms.Now) with
                {
                    Code = row.Code ?? "router_unreachable",
                    Detail = row.Detail,
                }
            ),
            (RuleState.Lifting, Presence.Present) => PresentAddress(row, entry!) is { } present
                ? new ReconciliationStep.Lift(row, present)
                : Settle(row, terms.Lifecycle.WaitsForDevice(row, terms.Now, refused: false)),
            (RuleState.Lifting, _) => new ReconciliationStep.Lift(row, WhereIs(row) ?? row.DeviceIp),
            _ => null,
        };
    }

    // A rule in force is sent again only where its device is now: somebody else may have its old address.
    private ReconciliationStep? ApplyStep(Rule row)
    {
        if (row.DeviceMac is null || !terms.FollowsDevice)
        {
            return new ReconciliationStep.Apply(row, row.DeviceIp);
        }

        if (view.ScanFailure is { } failure)
        {
            return Settle(row, terms.Lifecycle.LookFailed(row, failure, terms.Now));
        }

        if (view.Seen is null || WhereIs(row) is not null)
        {
            return new ReconciliationStep.Apply(row, WhereIs(row) ?? row.DeviceIp);
        }

        // An idle device can be unseen while the router still resolves its address, which is worth the first attempt.
        return row.AppliedAt is null && !view.Seen.MacsAt(row.DeviceIp).Any() ? new ReconciliationStep.Apply(row, row.DeviceIp)
            : row.AppliedAt is null ? Settle(row, terms.Lifecycle.ApplyNotDone(row, "command_failed", "The device is away.", terms.Now))
            : Settle(row, terms.Lifecycle.AwaitsDevice(row, terms.Now));
    }

    private Presence PresenceOf(Rule row, BlockedRule? entry) =>
        entry is not null ? Presence.Present
        : view.Report.IsComplete && !CouldBeUnclaimed(row) ? Presence.Absent
        : Presence.Unclear;

    /// <summary>Whether a rule that no row claims could be the one that this row stands for.</summary>
    private bool CouldBeUnclaimed(Rule row)
    {
        if (!terms.FollowsDevice)
        {
            return false;
        }

        // The rule is of who had the address; where the scan names who that is, it would have been claimed by that.
        var there = view.Seen?.OnlyMacAt(row.DeviceIp);
        var isDoubtful = row.DeviceMac is null
            ? there is null
            : !row.MacConfirmed
                && row.State != RuleState.Lifting
                && (MayHaveBeenSent(row) || row.AppliedAt is not null)
                && !row.DeviceMac.Equals(there);
        return anyPlain || (isDoubtful && (anyNamed || anyUnnamed));
    }

    /// <summary>Whether the router's list may leave the rule out although it is in force.</summary>
    private bool IsUnlistable(Rule row) =>
        (row.Attempts >= RuleLifecycle.MostRepeats && !terms.Eager)
        || (MayBeOfSeveral(row) && (view.ScanFailure is not null || (view.Seen?.AnyLookalike(row.DeviceIp) ?? false)));

    // A rule for several devices is left out of the list. Only a scan shows whether the address can have meant several.
    private bool MayBeOfSeveral(Rule row) => terms.MatchesBySubstring && !row.MacConfirmed;

    /// <summary>The live row of the same device, where the list or a scan says that this row's address is another one of it.</summary>
    private Rule? DuplicateOf(Rule row) =>
        terms.FollowsDevice
        && row.DeviceMac is null
        && (listed.Value.GetValueOrDefault(row.DeviceIp) ?? view.Seen?.OnlyMacAt(row.DeviceIp)) is { } mac
            ? Array.Find(live, other => mac.Equals(other.DeviceMac))
            : null;

    /// <summary>The rule of another device at the row's own address: the router resolved the address to that one when it was blocked.</summary>
    private BlockedRule? AdoptedBy(Rule row)
    {
        if (!terms.FollowsDevice || row.DeviceMac is null || row.MacConfirmed || row.State == RuleState.Lifting || !MayHaveBeenSent(row))
        {
            return null;
        }

        var adopted = unclaimed.Find(rule => rule.Mac is not null && row.DeviceIp.Equals(rule.Address) && !HasOwnHistory(rule));
        if (adopted is not null)
        {
            unclaimed.Remove(adopted);
        }

        return adopted;
    }

    private BlockedRule? MisdirectedRuleOf(Rule row) =>
        terms.MatchesBySubstring && !row.MacConfirmed && row.State != RuleState.Lifting && MayHaveBeenSent(row)
            ? unclaimed.Find(rule =>
                rule.Mac is not null && !rule.Mac.Equals(row.DeviceMac) && IsLookalike(rule.Address, row.DeviceIp) && !HasOwnHistory(rule)
            )
            : null;

    private static bool MayHaveBeenSent(Rule row) => row.State == RuleState.Blocked || row.MaybeSent;

    private static BlockedRule Representative(Rule row, List<BlockedRule> entries) =>
        entries.Find(entry => row.DeviceIp.Equals(entry.Address)) ?? entries.Find(entry => entry.Address is not null) ?? entries[0];

    private ReconciliationStep.Identify? IdentifyStep(Rule row, BlockedRule entry)
    {
        if (!terms.FollowsDevice)
        {
            return null;
        }

        // The list names one address of the device, and the row's own may be another one that it still has.
        var mac = entry.Mac ?? row.DeviceMac;
        var keepsAddress =
            mac is not null
            && (
                (view.Seen?.AddressesOf(mac).Contains(row.DeviceIp) ?? false)
                || (mac.Equals(row.DeviceMac) && row.DeviceAliases.Contains(entry.Address))
            );
        var ip = keepsAddress ? row.DeviceIp : entry.Address ?? row.DeviceIp;
        return !ip.Equals(row.DeviceIp) || (entry.Mac is not null && !entry.Mac.Equals(row.DeviceMac))
            ? new ReconciliationStep.Identify(row, new RuleDevice(ip, entry.Mac, entry.Mac is not null))
            : null;
    }

    // Where the list names no address at all, it says nothing about who is away.
    private IPAddress? PresentAddress(Rule row, BlockedRule entry) =>
        entry.Address ?? WhereIs(row) ?? (view.Report.Rules.All(rule => rule.Address is null) ? row.DeviceIp : null);

    private IPAddress? WhereIs(Rule row)
    {
        if (row.DeviceMac is null || view.Seen is null)
        {
            return null;
        }

        var addresses = view.Seen.AddressesOf(row.DeviceMac).ToArray();
        return addresses.Contains(row.DeviceIp) ? row.DeviceIp : addresses.FirstOrDefault();
    }

    private IEnumerable<ReconciliationStep> Extras()
    {
        if (!terms.FollowsDevice)
        {
            yield break;
        }

        foreach (var (row, entries) in found)
        {
            var mayGo = row.State != RuleState.Lifting && (terms.Eager || row.Code is null or RuleCodes.Unconfirmed);
            foreach (var entry in mayGo ? entries.Skip(1) : [])
            {
                if (entry.Address is { } address && !CouldTakeAnother(address))
                {
                    yield return new ReconciliationStep.LiftExtra(row, address);
                }
            }
        }
    }

    private ReconciliationStep StrayStep(BlockedRule rule, bool isUnsure) =>
        !isUnsure && Newest(rule) is { IsLive: false } ended && rule.Address is { } address && !CouldTakeAnother(address)
            ? new ReconciliationStep.LiftStray(ended, address)
            : new ReconciliationStep.Unmanaged(rule);

    // A look-up by substring could lift the rule of another device, which is in force rightly.
    private bool CouldTakeAnother(IPAddress address) =>
        terms.MatchesBySubstring && view.Report.Rules.Any(other => IsLookalike(other.Address, address));

    private bool HasOwnHistory(BlockedRule rule) => Newest(rule) is { IsLive: false };

    private Rule? Newest(BlockedRule rule)
    {
        var byMac = rule.Mac is { } mac ? history.Value.ByMac[mac] : [];
        var byIp = rule.Address is { } ip ? history.Value.ByIp[ip].Where(row => IsSame(row, rule)) : [];
        return byMac.Concat(byIp).MaxBy(row => (row.CreatedAt, row.Id));
    }

    private static ReconciliationStep.Settle Settle(Rule row, RuleChange change) => new(row, change);

    private RuleChange Gone(Rule row) => RuleLifecycle.Gone(row, terms.Now);
}
