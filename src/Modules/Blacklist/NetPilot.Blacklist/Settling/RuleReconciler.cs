namespace NetPilot.Blacklist.Settling;

/// <summary>Asks the router what it holds and makes rows and router agree, within a turn. Settling, expiry, sync and drift check all do just this.</summary>
internal sealed class RuleReconciler(
    RuleStore store,
    RuleApplication application,
    RuleLifting lifting,
    MisdirectedRules misdirected,
    MergedRows merged,
    SurplusLifting surplus,
    RuleOutcomes outcomes,
    RunningCommands running,
    TimeProvider time
)
{
    private static readonly CommandsFailure OutOfTime = new(
        CommandsFailureKind.CommandTimeout,
        CommandEffect.NotDone,
        "There was no time left to look where the router's devices are."
    );

    public async Task<ReconciliationReport> RunAsync(RuleTurn turn, ReconciliationOrder order)
    {
        var now = time.UtcNow();
        var report = new ReconciliationReport(now);
        var look = await turn.AskAsync(order.Kind, order.Asked);
        if (!look.IsSuccess)
        {
            await PutOffAsync(turn, order, look.Failure);
            report.Failure = look.Failure;
            return report;
        }

        (report.WasListed, report.Unreadable) = (true, look.Data.Unreadable);
        var terms = turn.TermsOf(order.Kind, IsDue, order.Eager, now) with
        {
            LooksForSurplus = order.IsOfRouter,
            FirstFence = order.FirstFence,
        };
        var view = new RouterView(look.Data, order.Seen);
        var comparison = await CompareAsync();
        if (comparison.NeedsSightings)
        {
            var scan = await turn.ScanAsync();
            view = scan is { IsSuccess: true, Data: { } seen }
                ? new RouterView(look.Data, Sightings.Of(seen))
                : new RouterView(look.Data, null, scan?.Failure ?? OutOfTime);
            report.Failure = comparison.RowsNeedSightings ? view.ScanFailure : null;
            comparison = await CompareAsync();
        }

        report.Seen = view.Seen;
        await CarryOutAsync(turn, order, comparison.Plan(), report);
        await ConfirmAsync(order.Kind, comparison);
        if (report.Unproven.Count > 0)
        {
            await ProveAsync(turn, order.Kind, report.Unproven, view);
        }

        return report;

        async Task<RuleReconciliation> CompareAsync() => new(view, await turn.LoadAsync(order.Kind, look.Data), terms);

        bool IsDue(Rule row) =>
            !running.IsUnsent(row.Id)
            && (order.Claims(row) || row.SettleAt <= now || (order.Eager && !row.MaybeSent && row.Fence < order.FirstFence));
    }

    /// <summary>Carries the plan out as far as the time goes.</summary>
    private async Task CarryOutAsync(
        RuleTurn turn,
        ReconciliationOrder order,
        IEnumerable<ReconciliationStep> plan,
        ReconciliationReport report
    )
    {
        var started = time.GetTimestamp();
        var isOver = false;
        foreach (var step in plan)
        {
            isOver = isOver || (step.Sends && (time.GetElapsedTime(started) > order.Patience || !await turn.MayGoOnAsync()));
            if (isOver)
            {
                report.Remaining += step.Sends ? 1 : 0;
                continue;
            }

            await DoAsync(turn, step, report);
        }

        if (isOver)
        {
            // What is left stays due as it is, and a row in force that the router lacks is found again.
            await store.LeaveDueAsync(order.Kind, order.Claimed, Math.Min(turn.Fence, order.FirstFence), time.UtcNow());
        }
    }

    private async Task DoAsync(RuleTurn turn, ReconciliationStep step, ReconciliationReport report)
    {
        switch (step)
        {
            case ReconciliationStep.Settle(var rule, var change):
                await turn.SaveAsync(rule, change);
                break;

            case ReconciliationStep.Identify(var rule, var device):
                await store.IdentifyAsync(rule, device);
                break;

            case ReconciliationStep.Merge(var duplicate, var other):
                await merged.KeepAsync(turn.Router, await store.FindDeviceAsync(duplicate, other.DeviceMac!), duplicate);
                await turn.SaveAsync(duplicate, RuleOutcomes.Gone(duplicate, time.UtcNow()));
                break;

            case ReconciliationStep.Apply(var rule, var ip):
                await ApplyAsync(turn, rule, ip, report);
                break;

            case ReconciliationStep.Lift(var rule, var ip) lift:
                if (
                    await turn.BeginAsync(rule, RuleState.Lifting) is { } begun
                    && (await lifting.LiftAsync(begun, ip, turn, lift.MustAsk)).Rule is { State: RuleState.Lifted }
                )
                {
                    report.Lifted.Add(ip);
                }

                break;

            case ReconciliationStep.LiftExtra(var rule, var ip):
                await LiftExtraAsync(turn, rule, ip, report);
                break;

            case ReconciliationStep.LiftMisdirected(var rule, var other):
                if (await misdirected.LiftAsync(rule, other, turn))
                {
                    report.Lifted.Add(other.Ip);
                }

                await turn.SaveAsync(rule, misdirected.OutcomeFor(rule));
                break;

            case ReconciliationStep.LiftStray(var ended, var ip):
                if (await surplus.LiftStrayAsync(ended, ip, turn))
                {
                    report.Lifted.Add(ip);
                }

                break;

            case ReconciliationStep.Unmanaged(var rule):
                report.Unmanaged.Add(rule);
                break;
        }
    }

    private async Task ApplyAsync(RuleTurn turn, Rule rule, IPAddress ip, ReconciliationReport report)
    {
        if (await turn.BeginAsync(rule, RuleState.Applying) is not { } begun)
        {
            return;
        }

        // A row does not say whether its user named an address or a device. It takes the device that the router names only where a scan has just shown
        // its own there.
        var isOfDevice = rule.MacConfirmed || !rule.HeldManually || !IsSeenAt(ip);
        var outcome = await application.ApplyAsync(begun, ip, turn, isOfDevice);
        if (outcome.WasThere)
        {
            await merged.KeepAsync(turn.Router, outcome.Rule, rule);
        }

        if (outcome is not { Failure: null, Rule: { State: RuleState.InForce } applied })
        {
            return;
        }

        report.Reapplied.Add(applied.DeviceIp);
        if (rule.State == RuleState.InForce && rule.Kind.FollowsDevice && !applied.MacConfirmed)
        {
            report.Unproven.Add(applied.Id);
        }

        bool IsSeenAt(IPAddress at) => rule.DeviceMac is null || report.Seen?.AddressesOf(rule.DeviceMac).Contains(at) == true;
    }

    private async Task LiftExtraAsync(RuleTurn turn, Rule rule, IPAddress ip, ReconciliationReport report)
    {
        if (await surplus.LiftExtraAsync(rule, ip, turn) is { } lost)
        {
            await ApplyAsync(turn, lost, ip, report);
            await surplus.MarkAsync(lost, turn);
        }
    }

    private async Task ConfirmAsync(RuleKind kind, RuleReconciliation comparison)
    {
        if (comparison.NewlyConfirmed is { Length: > 0 } confirmed)
        {
            await store.ConfirmAsync(kind, confirmed);
        }
    }

    /// <summary>
    /// Rules were sent again because the list did not show them. Those that it still does not show can't be confirmed by it, and are never sent
    /// again for that.
    /// </summary>
    private async Task ProveAsync(RuleTurn turn, RuleKind kind, HashSet<Guid> unproven, RouterView before)
    {
        if (await turn.AskAsync(kind) is not { IsSuccess: true, Data: { } report })
        {
            return;
        }

        var loaded = await turn.LoadAsync(kind, report);
        var terms = turn.TermsOf(kind, row => unproven.Contains(row.Id), eager: false, time.UtcNow());
        var comparison = new RuleReconciliation(before with { Report = report }, loaded, terms);
        await ConfirmAsync(kind, comparison);
        var shown = comparison.Shown.ToHashSet();
        foreach (var row in loaded.Where(row => row.State == RuleState.InForce && unproven.Contains(row.Id) && !shown.Contains(row)))
        {
            await turn.SaveAsync(row, ListedOutcomes.Unconfirmed(row));
        }
    }

    private async Task PutOffAsync(RuleTurn turn, ReconciliationOrder order, CommandsFailure failure)
    {
        var live = await turn.LoadAsync(order.Kind, report: null);
        foreach (var row in live.Where(row => order.Claims(row) && !running.IsUnsent(row.Id)))
        {
            await turn.SaveAsync(row, outcomes.LookFailed(row, failure, time.UtcNow()));
        }
    }
}
