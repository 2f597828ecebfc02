namespace NetPilot.Blacklist.Settling;

/// <summary>Does what a comparison of rows and router came to, step by step.</summary>
internal sealed class ReconciliationSteps(
    RuleStore store,
    RuleApplication application,
    RuleLifting lifting,
    MisdirectedRules misdirected,
    MergedRows merged,
    SurplusLifting surplus,
    RulePacing pacing,
    TimeProvider time
)
{
    /// <summary>Carries the plan out as far as the time goes.</summary>
    public async Task CarryOutAsync(RuleTurn turn, ReconciliationOrder order, ReconciliationStep[] plan, ReconciliationReport report)
    {
        var started = time.GetTimestamp();
        var lost = await MarkLostAsync(turn, order.Kind, plan);
        var isOver = false;
        // What is known is written before a command takes its time, or the turn is over.
        foreach (var step in plan.OrderBy(step => step.Sends))
        {
            isOver = isOver || (step.Sends && (time.GetElapsedTime(started) > order.Patience || !await turn.MayGoOnAsync()));
            if (isOver)
            {
                report.Remaining += step.Sends ? 1 : 0;
            }
            else if (step is not ReconciliationStep.Apply { Rule.State: RuleState.InForce } putBack)
            {
                await DoAsync(turn, step, report);
            }
            else if (lost.TryGetValue(putBack.Rule.Id, out var row))
            {
                await ApplyAsync(turn, row, putBack.Ip, report);
            }
        }

        report.Lost.AddRange(lost.Keys);
        if (isOver)
        {
            // Those of lost rules are left to the next turn of this comparison.
            await store.LeaveDueAsync(order.Kind, order.Claimed, Math.Min(turn.Fence, order.FirstFence), time.UtcNow());
        }
    }

    /// <summary>The rows in force whose rules the router lacks, as they are once none of them says so any more.</summary>
    private async Task<Dictionary<Guid, Rule>> MarkLostAsync(RuleTurn turn, RuleKind kind, ReconciliationStep[] plan)
    {
        Guid[] lost = [.. plan.OfType<ReconciliationStep.Apply>().Select(step => step.Rule).Where(IsInForce).Select(row => row.Id)];
        var now = time.UtcNow();
        return lost.Length == 0
            ? []
            : (await turn.PatchAsync(kind, lost, ListedOutcomes.Lost(turn.Fence, pacing.AfterCheck(now), now))).ToDictionary(row => row.Id);

        static bool IsInForce(Rule row) => row.State == RuleState.InForce;
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
        if (rule.AppliedAt is not null && rule.Kind.FollowsDevice && !applied.MacConfirmed)
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
}
