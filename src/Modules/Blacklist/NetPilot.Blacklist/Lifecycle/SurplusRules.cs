namespace NetPilot.Blacklist.Lifecycle;

/// <summary>
/// The rules that the router holds and should not: the second rule of a live row, and those that rows left behind which have ended. Pure. A rule is
/// lifted where its device is, by the list or by a scan.
/// </summary>
internal sealed class SurplusRules(RouterView view, ReconciliationTerms terms, RuleClaims claims)
{
    // It is the mark too: in other words, what is marked would be tried once more.
    private const string Repeated = "The router's list has the only rule of the device more than once.";

    /// <summary>The router's list repeats the rule, which the removal of what seemed too much has shown. Nothing has failed with that.</summary>
    public static RuleChange Listed(Rule rule) => RuleChange.None(rule) with { Detail = Repeated };

    /// <summary>Whether the router's list repeats the rule. It is not tried again what is too much, not even where a user asks.</summary>
    public static bool IsRepeated(Rule rule) => rule.Detail == Repeated;

    /// <summary>The router holds the rule more than once, and refused to remove what is too much.</summary>
    public static RuleChange Kept(Rule rule, CommandsFailure refusal) =>
        RuleChange.None(rule) with
        {
            Code = refusal.Code,
            Detail = "The router holds the rule more than once, and refused to remove what is too much.",
        };

    /// <summary>Whether there is one whose address only a scan can tell.</summary>
    public bool DependOnSightings =>
        Seconds().Any(second => second.Entry.Address is null)
        || claims.Unclaimed.Exists(rule => rule.Address is null && claims.HasEnded(rule));

    /// <summary>What is too much of the rules of live rows.</summary>
    public IEnumerable<ReconciliationStep> Extras()
    {
        foreach (var (row, entry) in Seconds())
        {
            if (PlaceOf(entry, row) is { } place && !CouldTakeAnother(place))
            {
                yield return new ReconciliationStep.LiftExtra(row, place);
            }
        }
    }

    /// <summary>What becomes of a rule that no live row claims.</summary>
    public ReconciliationStep StepFor(BlockedRule unclaimed, bool isUnsure) =>
        !isUnsure
        && claims.Newest(unclaimed) is { IsLive: false } ended
        && PlaceOf(unclaimed, ended) is { } place
        && !CouldTakeAnother(place)
            ? new ReconciliationStep.LiftStray(ended, place)
            : new ReconciliationStep.Unmanaged(unclaimed);

    private IEnumerable<(Rule Row, BlockedRule Entry)> Seconds() =>
        from pair in claims.Found
        where
            pair.Key.State != RuleState.Lifting
            && !IsRepeated(pair.Key)
            && (terms.IsTriedNow(pair.Key) || pair.Key.Code is null or RuleCodes.Unconfirmed)
        from entry in pair.Value.Skip(1)
        select (pair.Key, entry);

    /// <summary>
    /// Where the device of a rule is. A list without any address says nothing about who is away: its device is looked for where its row had it,
    /// unless somebody else is there.
    /// </summary>
    private IPAddress? PlaceOf(BlockedRule rule, Rule row) =>
        view.AddressOf(rule) ?? (claims.NamesNoAddress && IsFreeFor(row) ? row.DeviceIp : null);

    private bool IsFreeFor(Rule row) =>
        view.Seen is { } seen
        && seen.MacsAt(row.DeviceIp).All(mac => mac.Equals(row.DeviceMac))
        && !Array.Exists(claims.Live, other => other.Id != row.Id && other.DeviceIp.Equals(row.DeviceIp));

    // A look-up by substring could lift the rule of another device, which is in force rightly.
    private bool CouldTakeAnother(IPAddress address) =>
        terms.MatchesBySubstring && (claims.ListsLookalike(address) || (claims.NamesNoAddress && claims.RemembersLookalike(address)));
}
