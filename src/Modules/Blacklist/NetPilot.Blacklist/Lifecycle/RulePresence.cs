namespace NetPilot.Blacklist.Lifecycle;

/// <summary>Whether the router holds the rule of a row.</summary>
internal enum Presence
{
    Present,
    Absent,

    /// <summary>The list can't say.</summary>
    Unclear,
}

/// <summary>
/// What the router's list says of each row. A rule counts as absent only where the list was read whole, holds no rule that could be this one, and shows
/// who is away.
/// </summary>
internal sealed class RulePresence(RouterView view, ReconciliationTerms terms, RuleClaims claims)
{
    // Whether there are rules that could be of a row with a MAC, and of one without.
    private readonly bool anyPlain =
        claims.AnyPresumed
        || claims.Unclaimed.Exists(rule => rule is { Mac: null, Address: { } ip } && !(view.Seen?.MacsAt(ip).Any() ?? false));

    private readonly bool anyUnnamed = claims.Unclaimed.Exists(rule => rule.Mac is null);

    private readonly bool anyNamed =
        claims.Unclaimed.Exists(rule => rule.Mac is not null) || claims.Found.Values.Any(entries => entries.Count > 1);

    public Presence Of(Rule row, BlockedRule? entry) =>
        entry is not null ? Presence.Present
        : view.Report.IsComplete && !CouldBeUnclaimed(row) && !MayBeLeftOut(row) ? Presence.Absent
        : Presence.Unclear;

    /// <summary>The rule of a row, if the list shows it.</summary>
    public BlockedRule? EntryOf(Rule row) =>
        claims.Found.TryGetValue(row, out var entries)
            ? entries.Find(entry => row.DeviceIp.Equals(entry.Address)) ?? entries.Find(entry => entry.Address is not null) ?? entries[0]
            : AdoptedBy(row);

    /// <summary>Whether a rule that no row claims could be the one that this row stands for.</summary>
    public bool CouldBeUnclaimed(Rule row)
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

    /// <summary>Whether the rule waits for its device, and the list may leave it out for as long as that is away.</summary>
    public bool MayBeLeftOut(Rule row) =>
        row is { State: RuleState.Lifting, MaybeSent: false, Attempts: > 0, IsBeingCleared: false } && terms.MayLeaveOutAway(view.Report);

    /// <summary>Whether the router's list may leave the rule out although it is in force.</summary>
    public bool IsUnlistable(Rule row) =>
        (row.Attempts >= RuleOutcomes.MostRepeats && !terms.Eager)
        || (MayBeOfSeveral(row) && (view.ScanFailure is not null || (view.Seen?.AnyLookalike(row.DeviceIp) ?? false)));

    /// <summary>Whether the rule may be for several devices, and so left out of the list. Only a scan shows whether the address can have meant several.</summary>
    public bool MayBeOfSeveral(Rule row) => terms.MatchesBySubstring && !row.MacConfirmed;

    /// <summary>The rule that a row's command may have put on another device.</summary>
    public BlockedRule? MisdirectedRuleOf(Rule row) =>
        terms.FollowsDevice && row is { MacConfirmed: false, State: not RuleState.Lifting } && MayHaveBeenSent(row)
            ? claims.Unclaimed.Find(rule =>
                rule.Mac is not null
                && !rule.Mac.Equals(row.DeviceMac)
                && ((MayBeOfSeveral(row) && RuleMatching.IsLookalike(view.AddressOf(rule), row.DeviceIp)) || HasTheAddressOf(row, rule))
                && !claims.HasEnded(rule)
            )
            : null;

    /// <summary>
    /// Whether the device of a rule has the address of a device that a pause or a schedule holds, and nobody else is seen there: the router resolved
    /// the address to that one.
    /// </summary>
    private bool HasTheAddressOf(Rule row, BlockedRule rule) =>
        row.DeviceMac is not null
        && MeansItsDevice(row)
        && row.DeviceIp.Equals(view.AddressOf(rule))
        && view.Seen is { } seen
        && seen.MacsAt(row.DeviceIp).All(mac => mac.Equals(rule.Mac));

    /// <summary>Where a scan shows the row's device: at its own address, if it is there too.</summary>
    public IPAddress? WhereIs(Rule row)
    {
        if (row.DeviceMac is null || view.Seen is null)
        {
            return null;
        }

        var addresses = view.Seen.AddressesOf(row.DeviceMac).ToArray();
        return addresses.Contains(row.DeviceIp) ? row.DeviceIp : addresses.FirstOrDefault();
    }

    /// <summary>
    /// Whether to lift a rule at the row's own address, although neither the list nor a scan shows its device there. An idle device has no ARP entry,
    /// and the router still knows its lease; of one that is gone the router says so, and does nothing.
    /// </summary>
    /// <remarks>A rule that no row claims can be of a device that is idle too.</remarks>
    public bool MayBeLiftedUnseen(Rule row, BlockedRule entry) =>
        entry.Address is null
        && !IsAnothers(row, entry)
        && !MayMeanAnother(row)
        && (
            claims.NamesNoAddress
            || !(claims.Unclaimed.Exists(rule => rule.Address is null) || view.Report.Rules.Any(rule => row.DeviceIp.Equals(rule.Address)))
        );

    /// <summary>
    /// Whether a command by the row's own address could take another rule, and only a scan says who has the address. Without the <c>arp</c> program, a
    /// router lists no address.
    /// </summary>
    public bool CouldTakeAnother(BlockedRule entry) =>
        terms.FollowsDevice
        && entry.Address is null
        && claims.NamesNoAddress
        && view.Report.Rules.Any(rule => rule.Mac is null || !rule.Mac.Equals(entry.Mac));

    // The router may look the address of the row up as a part of another one.
    private bool MayMeanAnother(Rule row) =>
        terms.MatchesBySubstring && (claims.ListsLookalike(row.DeviceIp) || claims.RemembersLookalike(row.DeviceIp));

    /// <summary>Whether another device has the address of the row.</summary>
    public bool IsAnothers(Rule row, BlockedRule? entry = null) =>
        claims.IsAtAnothersAddress(row)
        || ((entry?.Mac ?? row.DeviceMac) is { } own && (view.Seen?.MacsAt(row.DeviceIp).Any(mac => !mac.Equals(own)) ?? false));

    /// <summary>
    /// The rule of another device at the row's own address: the router resolved the address to that one when it was blocked. A pause or a schedule
    /// means its own device.
    /// </summary>
    private BlockedRule? AdoptedBy(Rule row)
    {
        if (
            !terms.FollowsDevice
            || row is not { DeviceMac: not null, MacConfirmed: false, State: not RuleState.Lifting }
            || MeansItsDevice(row)
            || !MayHaveBeenSent(row)
        )
        {
            return null;
        }

        var adopted = claims.Unclaimed.Find(rule => rule.Mac is not null && row.DeviceIp.Equals(rule.Address) && !claims.HasEnded(rule));
        if (adopted is not null)
        {
            claims.Unclaimed.Remove(adopted);
        }

        return adopted;
    }

    private bool MeansItsDevice(Rule row) => !row.HeldManually || row.HeldUntil > terms.Now;

    private static bool MayHaveBeenSent(Rule row) => row.State == RuleState.InForce || row.MaybeSent;
}
