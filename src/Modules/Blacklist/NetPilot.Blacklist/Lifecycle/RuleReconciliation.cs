namespace NetPilot.Blacklist.Lifecycle;

/// <summary>
/// Compares what the router holds with the rows, and says what to do. Pure: the reading before and the doing after belong to
/// <see cref="Settling.RuleReconciler"/>. <see cref="RuleClaims"/> says which rule is whose, and <see cref="RulePresence"/> what that proves.
/// </summary>
internal sealed class RuleReconciliation
{
    private readonly RouterView view;
    private readonly ReconciliationTerms terms;
    private readonly RuleClaims claims;
    private readonly RulePresence presence;
    private readonly SurplusRules surplus;

    /// <param name="rows">The router's live rows, and the newest row of each device and address that the router reports.</param>
    public RuleReconciliation(RouterView view, IReadOnlyList<Rule> rows, ReconciliationTerms terms)
    {
        (this.view, this.terms) = (view, terms);
        claims = new RuleClaims(view, rows);
        presence = new RulePresence(view, terms, claims);
        surplus = new SurplusRules(view, terms, claims);
    }

    /// <summary>The live rows whose rule the router shows.</summary>
    public IEnumerable<Rule> Shown => claims.Found.Keys;

    /// <summary>The rows in force whose rule the router shows, and which do not say so yet.</summary>
    public Guid[] NewlyConfirmed =>
        [
            .. Shown
                .Where(row =>
                    row.State == RuleState.InForce
                    && (row.Attempts > 0 || (!row.MacConfirmed && row.DeviceMac is not null && terms.FollowsDevice))
                )
                .Select(row => row.Id),
        ];

    /// <summary>Whether what becomes of a row depends on where devices are now.</summary>
    public bool RowsNeedSightings => terms.FollowsDevice && view.Seen is null && Array.Exists(claims.Live, DependsOnSightings);

    /// <summary>Whether the plan depends on it.</summary>
    public bool NeedsSightings =>
        RowsNeedSightings || (terms is { FollowsDevice: true, LooksForSurplus: true } && view.Seen is null && surplus.DependOnSightings);

    /// <summary>What the router's list says of one live row, and the rule that is its own.</summary>
    public (Presence Presence, BlockedRule? Entry) Find(Guid id)
    {
        if (Array.Find(claims.Live, row => row.Id == id) is not { } own)
        {
            return (Presence.Unclear, null);
        }

        var entry = presence.EntryOf(own);
        return (presence.Of(own, entry), entry);
    }

    /// <summary>What is to be done. To be read once.</summary>
    public IEnumerable<ReconciliationStep> Plan()
    {
        var isUnsure = false;
        var mayLiftExtras = true;
        var rows = claims.Live.Where(row => !RulesOfSeveral.IsOne(row)).ToLookup(row => KeptFor(row) is not null);
        // The row that stays can be one that is being lifted, and the other one wants it again.
        foreach (var row in rows[true])
        {
            yield return new ReconciliationStep.Merge(row, KeptFor(row)!);
        }

        foreach (var row in rows[false])
        {
            var entry = presence.EntryOf(row);
            if (entry is not null && IdentifyStep(row, entry) is { } identify)
            {
                yield return identify;
            }

            if (!IsDecided(row))
            {
                isUnsure |= row.DeviceMac is null && !claims.Found.ContainsKey(row);
                mayLiftExtras &= !isUnsure;
                continue;
            }

            if (entry is null && presence.MisdirectedRuleOf(row) is { } misdirected && view.AddressOf(misdirected) is { } elsewhere)
            {
                claims.Unclaimed.Remove(misdirected);
                yield return new ReconciliationStep.LiftMisdirected(row, new RuleDevice(elsewhere, misdirected.Mac, Confirmed: true));
                continue;
            }

            if (entry is null && row.DeviceMac is null && presence.Of(row, null) == Presence.Unclear)
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

        foreach (
            var step in OfSeveral()
                .Concat(mayLiftExtras && terms.FollowsDevice ? surplus.Extras() : [])
                .Concat(claims.Unclaimed.Select(rule => surplus.StepFor(rule, isUnsure)))
        )
        {
            yield return step;
        }
    }

    /// <summary>The row that stays where this one turned out to be of the same device.</summary>
    private Rule? KeptFor(Rule row) => terms.FollowsDevice && !claims.Found.ContainsKey(row) ? claims.KnownDeviceOf(row) : null;

    private IEnumerable<ReconciliationStep> OfSeveral() =>
        from row in claims.Live
        where RulesOfSeveral.IsOne(row) && IsDecided(row)
        let change = RulesOfSeveral.Due(row, terms.Outcomes, terms.Now)
        where change is not null
        select Settle(row, change!);

    private bool DependsOnSightings(Rule row) =>
        IsDecided(row)
        && !RulesOfSeveral.IsOne(row)
        && (
            claims.Found.ContainsKey(row)
                ? LiftsBlindly(row)
                : presence.CouldBeUnclaimed(row)
                    || (row.DeviceMac is not null && presence.MayBeLeftOut(row))
                    || ((row.DeviceMac is not null || presence.MayBeOfSeveral(row)) && StepFor(row, null) is ReconciliationStep.Apply)
        );

    private bool LiftsBlindly(Rule row) =>
        presence.EntryOf(row) is { } entry && presence.CouldTakeAnother(entry) && StepFor(row, entry) is ReconciliationStep.Lift;

    private bool IsDecided(Rule row) => row.State == RuleState.InForce || terms.IsDue(row);

    private ReconciliationStep? StepFor(Rule row, BlockedRule? entry)
    {
        var seen = presence.Of(row, entry);
        return row.State switch
        {
            RuleState.Applying => StepForApplying(row, entry, seen),
            RuleState.InForce => StepForInForce(row, seen),
            _ => StepForLifting(row, entry, seen),
        };
    }

    private ReconciliationStep? StepForApplying(Rule row, BlockedRule? entry, Presence seen)
    {
        var isTriedAgain = row.IsTriedAgain(terms.Now);
        return seen switch
        {
            Presence.Present => !row.IsKept(terms.Now) && entry!.Address is { } address
                ? new ReconciliationStep.Lift(row, address)
                : Settle(row, RuleOutcomes.InForce(row, terms.Now)),
            Presence.Absent when HasEnded(row) => Gone(row),
            Presence.Absent when !isTriedAgain && row.AppliedAt is null => Settle(row, ListedOutcomes.NeverArrived(row)),
            Presence.Absent => row.GoesOnByItself ? ApplyStep(row) : Settle(row, RuleOutcomes.NeverArrivedForUser(row, terms.Now)),
            // Nothing was ever sent for it, so that no rule on the router can be its own.
            _ when row is { MaybeSent: false, AppliedAt: null } && !row.IsKept(terms.Now) => Gone(row),
            _ when row is { MaybeSent: false, AppliedAt: null } && isTriedAgain => ApplyStep(row),
            // Nobody goes on for longer. A rule of it that a later list shows is lifted.
            _ when row.AppliedAt is null && !isTriedAgain && (row.GiveUpAt ?? row.CreatedAt + RulePacing.GiveUpAfter) <= terms.Now =>
                Settle(row, ListedOutcomes.NeverArrived(row)),
            _ => Settle(row, terms.Outcomes.Undecided(row, terms.Now)),
        };
    }

    private ReconciliationStep? StepForInForce(Rule row, Presence seen)
    {
        var isUnconfirmed = row.Code == RuleCodes.Unconfirmed;
        // What no list showed before a reset is not proved to be gone by one after it, and is not put back.
        var isDoubtful = isUnconfirmed && row.IsBeingCleared && row.IsKept(terms.Now);
        return seen switch
        {
            Presence.Present => row.SettleAt is null && !isUnconfirmed ? null : Settle(row, ListedOutcomes.Shown(row, terms.Now)),
            Presence.Absent when !isDoubtful && HasEnded(row) => Gone(row),
            Presence.Absent when !isDoubtful && !presence.IsUnlistable(row) => ApplyStep(row),
            _ => isUnconfirmed && row.SettleAt is null ? null : Settle(row, ListedOutcomes.Unconfirmed(row)),
        };
    }

    private ReconciliationStep StepForLifting(Rule row, BlockedRule? entry, Presence seen) =>
        seen switch
        {
            // A list that may leave the rule out does not prove that it is gone.
            Presence.Absent when presence.MayBeOfSeveral(row) && !row.MaybeSent && !claims.IsAtAnothersAddress(row) =>
                new ReconciliationStep.Lift(row, row.DeviceIp),
            Presence.Absent => Settle(row, terms.Outcomes.LiftDone(row, terms.Now)),
            _ when row.GiveUpAt <= terms.Now && row.IsKept(terms.Now) => Settle(row, ListedOutcomes.LiftGivenUp(row, terms.Now)),
            // Only the scan that failed could say whose rule a command by the row's address would take.
            _ when view.ScanFailure is { } failure && (entry is null ? presence.MayBeLeftOut(row) : presence.CouldTakeAnother(entry)) =>
                LookFailed(row, failure),
            Presence.Present => (entry!.Address ?? presence.WhereIs(row)) is { } present ? new ReconciliationStep.Lift(row, present)
            : presence.MayBeLiftedUnseen(row, entry) ? new ReconciliationStep.Lift(row, row.DeviceIp) { MustAsk = true }
            : WaitsForDevice(row),
            _ when presence.WhereIs(row) is null && presence.IsAnothers(row) => WaitsForDevice(row),
            _ => new ReconciliationStep.Lift(row, presence.WhereIs(row) ?? row.DeviceIp),
        };

    // Nothing keeps a rule that is absent: its time is over, or a reset removed it. Of one that was not there before, its absence says nothing.
    private bool HasEnded(Rule row) => !row.IsKept(terms.Now) || (row.IsBeingCleared && (row.MaybeSent || row.State == RuleState.InForce));

    // A rule in force is sent again only where its device is now: somebody else may have its old address.
    private ReconciliationStep ApplyStep(Rule row)
    {
        if (row.DeviceMac is null || !terms.FollowsDevice)
        {
            return new ReconciliationStep.Apply(row, row.DeviceIp);
        }

        if (view.ScanFailure is { } failure)
        {
            return LookFailed(row, failure);
        }

        if (view.Seen is null || presence.WhereIs(row) is not null)
        {
            return new ReconciliationStep.Apply(row, presence.WhereIs(row) ?? row.DeviceIp);
        }

        // An idle device can be unseen while the router still resolves its address, which is worth the first attempt.
        return row.AppliedAt is null && !view.Seen.MacsAt(row.DeviceIp).Any() ? new ReconciliationStep.Apply(row, row.DeviceIp)
            : row.AppliedAt is null
                ? Settle(row, terms.Outcomes.ApplyNotDone(row, ErrorCodes.CommandFailed, "The device is away.", terms.Now))
            : Settle(row, terms.Outcomes.AwaitsDevice(row, terms.Now));
    }

    private ReconciliationStep.Identify? IdentifyStep(Rule row, BlockedRule entry)
    {
        // The list names one address of the device, and the row's own may be another one that it still has.
        var mac = entry.Mac ?? row.DeviceMac;
        var keepsAddress =
            mac is not null
            && (
                (view.Seen?.AddressesOf(mac).Contains(row.DeviceIp) ?? false)
                || (mac.Equals(row.DeviceMac) && row.DeviceAliases.Contains(entry.Address))
            );
        var ip = keepsAddress ? row.DeviceIp : entry.Address ?? row.DeviceIp;
        return terms.FollowsDevice && (!ip.Equals(row.DeviceIp) || (entry.Mac is not null && !entry.Mac.Equals(row.DeviceMac)))
            ? new ReconciliationStep.Identify(row, new RuleDevice(ip, entry.Mac, entry.Mac is not null))
            : null;
    }

    private ReconciliationStep.Settle LookFailed(Rule row, CommandsFailure failure) =>
        Settle(row, terms.Outcomes.LookFailed(row, failure, terms.Now));

    private ReconciliationStep.Settle WaitsForDevice(Rule row) => Settle(row, terms.Outcomes.WaitsForDevice(row, terms.Now));

    private static ReconciliationStep.Settle Settle(Rule row, RuleChange change) => new(row, change);

    private ReconciliationStep.Settle Gone(Rule row) => Settle(row, RuleOutcomes.Gone(row, terms.Now));
}
