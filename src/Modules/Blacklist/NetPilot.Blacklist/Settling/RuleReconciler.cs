namespace NetPilot.Blacklist.Settling;

/// <summary>Asks the router what it holds and makes rows and router agree, within a turn. Settling, expiry, sync and drift check all do just this.</summary>
internal sealed class RuleReconciler(
    RuleStore store,
    ReconciliationSteps steps,
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

    /// <summary>Does so in one turn. What there is no time for is left to a check.</summary>
    public async Task<ReconciliationReport> RunOnceAsync(RuleTurn turn, ReconciliationOrder order)
    {
        var report = await RunAsync(turn, order);
        if (report.Remaining > 0)
        {
            await store.ScheduleCheckAsync(turn.Router.UserId, turn.Router.RouterId, time.UtcNow());
        }

        return report;
    }

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
        await steps.CarryOutAsync(turn, order, [.. comparison.Plan()], report);
        await ConfirmAsync(order.Kind, comparison);
        if (report.Unproven.Count > 0)
        {
            await ProveAsync(turn, order.Kind, report.Unproven, view);
        }

        return report;

        async Task<RuleReconciliation> CompareAsync() => new(view, await turn.LoadAsync(order.Kind, look.Data), terms);

        bool IsDue(Rule row) =>
            !running.IsUnsent(row.Id)
            && (order.Claims(row) || row.SettleAt <= now || (row.Fence < order.FirstFence && (order.Eager ? !row.MaybeSent : IsLost(row))));

        // What was in force, and waits for its router alone, is put back as soon as somebody has read the router's list.
        bool IsLost(Rule row) => order.IsOfRouter && row.IsLost && (row.Code is null || !RuleCodes.IsRefusal(row.Code));
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
