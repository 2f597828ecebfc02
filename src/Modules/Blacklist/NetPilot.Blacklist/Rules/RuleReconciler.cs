using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>What a comparison of rows and router came to.</summary>
internal sealed class ReconciliationReport(DateTimeOffset checkedAt)
{
    public DateTimeOffset CheckedAt => checkedAt;

    public List<IPAddress> Reapplied { get; } = [];

    public List<IPAddress> Lifted { get; } = [];

    public List<BlockedRule> Unmanaged { get; } = [];

    /// <summary>Entries of the router's list that name no device.</summary>
    public IReadOnlyList<UnreadableRule> Unreadable { get; set; } = [];

    /// <summary>How many commands the plan still had when the time of this turn was over.</summary>
    public int Remaining { get; set; }

    /// <summary>Where devices are, if a scan was needed.</summary>
    public Sightings? Seen { get; set; }

    /// <summary>Why the router could not be asked; null if it was.</summary>
    public CommandsFailure? Failure { get; set; }
}

/// <summary>What a comparison is for.</summary>
/// <param name="Asked">The activity that the question is recorded as.</param>
/// <param name="Claimed">Rows that are due because the worker claimed them.</param>
/// <param name="Eager">Whether rows that wait for their next attempt are tried now.</param>
/// <param name="Patience">How long to send commands before the rest is left to another turn; looking at the router does not count.</param>
/// <param name="Seen">Where devices are, if that was asked a moment ago.</param>
internal sealed record ReconciliationOrder(
    RouterActivityKind Asked,
    IReadOnlyCollection<Guid> Claimed,
    bool Eager,
    TimeSpan Patience,
    Sightings? Seen = null
);

/// <summary>Asks the router what it holds and makes rows and router agree, within a turn. Settling, expiry, sync and drift check all do just this.</summary>
internal sealed class RuleReconciler(
    RuleStore store,
    RuleCalls calls,
    RuleApplication application,
    RuleLifting lifting,
    RuleLifecycle lifecycle,
    RunningCommands running,
    DeviceScans scans,
    ICommandsClient client,
    TimeProvider time
)
{
    public async Task<ReconciliationReport> RunAsync(RuleKind kind, HeldTurn held, ReconciliationOrder order)
    {
        var now = time.UtcNow();
        var report = new ReconciliationReport(now);
        var look = await AskAsync(kind, held, order.Asked, now);
        if (!look.IsSuccess)
        {
            await PutOffAsync(kind, held, order.Claimed, look.Failure);
            report.Failure = look.Failure;
            return report;
        }

        report.Unreadable = look.Data.Unreadable;
        var terms = calls.TermsOf(kind, IsDue, order.Eager, now);
        var view = new RouterView(look.Data, order.Seen);
        var rows = await LoadAsync(kind, held, look.Data);
        if (RuleReconciliation.NeedsSightings(view, rows, terms))
        {
            var scan = await scans.ScanAsync(held, calls);
            view = scan is { IsSuccess: true, Data: { } seen }
                ? view with
                {
                    Seen = Sightings.Of(seen),
                }
                : view with
                {
                    ScanFailure = scan?.Failure ?? OutOfTime,
                };
            report.Failure = view.ScanFailure;
            rows = await LoadAsync(kind, held, look.Data);
        }

        report.Seen = view.Seen;
        var unproven = await CarryOutAsync(kind, held, order, RuleReconciliation.Plan(view, rows, terms), report);
        if (RuleReconciliation.NewlyConfirmed(view, rows, terms) is { Length: > 0 } confirmed)
        {
            await store.ConfirmAsync(kind, confirmed, CancellationToken.None);
        }

        if (unproven.Count > 0)
        {
            await ProveAsync(kind, held, unproven, view);
        }

        return report;

        bool IsDue(Rule row) =>
            !running.IsUnsent(row.Id) && (order.Claimed.Contains(row.Id) || row.SettleAt <= now || (order.Eager && !row.MaybeSent));
    }

    private static CommandsFailure OutOfTime { get; } =
        new(CommandsFailureKind.CommandTimeout, CommandEffect.NotDone, "There was no time left to look where the router's devices are.");

    /// <summary>Carries the plan out as far as the time goes. Returns the rows that were sent again and whose answer names no device.</summary>
    private async Task<HashSet<Guid>> CarryOutAsync(
        RuleKind kind,
        HeldTurn held,
        ReconciliationOrder order,
        IEnumerable<ReconciliationStep> plan,
        ReconciliationReport report
    )
    {
        var started = time.GetTimestamp();
        var unproven = new HashSet<Guid>();
        var isOver = false;
        foreach (var step in plan)
        {
            isOver = isOver || (step.Sends && (time.GetElapsedTime(started) > order.Patience || !await calls.MayGoOnAsync(held)));
            if (isOver)
            {
                report.Remaining += step.Sends ? 1 : 0;
                continue;
            }

            await DoAsync(kind, step, held, report, unproven);
        }

        if (isOver)
        {
            // What is left stays due as it is, and a row in force that the router lacks is found again.
            await store.LeaveDueAsync(kind, order.Claimed, held.Turn.Fence, time.UtcNow(), CancellationToken.None);
        }

        return unproven;
    }

    private async Task<CommandsResult<BlockedReport>> AskAsync(RuleKind kind, HeldTurn held, RouterActivityKind asked, DateTimeOffset now)
    {
        var started = time.GetTimestamp();
        var look = await kind.Ask(client, held.Target);
        var target = kind == RuleKind.Block ? null : kind.Name;
        held.Activities.Add(RouterActivity.Of(held.Router, held.Actor.UserId, asked, target, look, now, time.GetElapsedTime(started)));
        return look;
    }

    private Task<IReadOnlyList<Rule>> LoadAsync(RuleKind kind, HeldTurn held, BlockedReport report) =>
        store.LoadAsync(
            kind,
            held.Router.UserId,
            held.Router.RouterId,
            [.. report.Rules.Select(rule => rule.Mac).OfType<PhysicalAddress>()],
            [.. report.Rules.Select(rule => rule.Address).OfType<IPAddress>()],
            CancellationToken.None
        );

    private async Task DoAsync(RuleKind kind, ReconciliationStep step, HeldTurn held, ReconciliationReport report, HashSet<Guid> unproven)
    {
        switch (step)
        {
            case ReconciliationStep.Settle(var rule, var change):
                await calls.SaveAsync(kind, rule, change, held.Turn.Fence);
                break;

            case ReconciliationStep.Identify(var rule, var device):
                await store.IdentifyAsync(kind, rule.Id, device, CancellationToken.None);
                break;

            case ReconciliationStep.Merge(var duplicate, var other):
                await calls.SaveAsync(kind, duplicate, RuleLifecycle.Gone(duplicate, time.UtcNow()), held.Turn.Fence);
                await store.FindDeviceAsync(kind, duplicate, other.DeviceMac!, CancellationToken.None);
                break;

            case ReconciliationStep.Apply(var rule, var ip):
                await ApplyAsync(kind, rule, ip, held, report, unproven);
                break;

            case ReconciliationStep.Lift(var rule, var ip):
                if (
                    await BeginAsync(kind, rule, RuleState.Lifting, held) is { } begun
                    && (await lifting.LiftAsync(kind, begun, ip, held)).Rule is { State: RuleState.Lifted }
                )
                {
                    report.Lifted.Add(ip);
                }

                break;

            case ReconciliationStep.LiftExtra(var rule, var ip):
                if ((await calls.RemoveAsync(kind, ip, held)).Failure is { Kind: CommandsFailureKind.CommandFailed } kept)
                {
                    await calls.SaveAsync(kind, rule, RuleLifecycle.KeepsExtra(rule, kept), held.Turn.Fence);
                }

                break;

            case ReconciliationStep.LiftMisdirected(var rule, var ip):
                if ((await calls.RemoveAsync(kind, ip, held)).Failure is null)
                {
                    report.Lifted.Add(ip);
                    await calls.SaveAsync(kind, rule, RuleLifecycle.Misdirected(rule), held.Turn.Fence);
                }

                break;

            case ReconciliationStep.LiftStray(var ended, var ip):
                switch ((await calls.RemoveAsync(kind, ip, held)).Failure)
                {
                    case null:
                        report.Lifted.Add(ip);
                        break;
                    case { Kind: CommandsFailureKind.CommandFailed } refusal:
                        await store.ReviveAsync(
                            kind,
                            ended,
                            lifecycle.Revived(ended, refusal, time.UtcNow()),
                            held.Turn.Fence,
                            CancellationToken.None
                        );
                        break;
                }

                break;

            case ReconciliationStep.Unmanaged(var rule):
                report.Unmanaged.Add(rule);
                break;
        }
    }

    private async Task ApplyAsync(
        RuleKind kind,
        Rule rule,
        IPAddress ip,
        HeldTurn held,
        ReconciliationReport report,
        HashSet<Guid> unproven
    )
    {
        if (await BeginAsync(kind, rule, RuleState.Applying, held) is not { } begun)
        {
            return;
        }

        var outcome = await application.ApplyAsync(kind, begun, ip, held);
        if (outcome is not { Failure: null, Rule: { State: RuleState.Blocked } applied })
        {
            return;
        }

        report.Reapplied.Add(applied.DeviceIp);
        if (rule.State == RuleState.Blocked && kind.FollowsDevice && !applied.MacConfirmed)
        {
            unproven.Add(applied.Id);
        }
    }

    /// <summary>
    /// Rules were sent again because the list did not show them. Those that it still does not show can't be confirmed by it, and are never sent
    /// again for that.
    /// </summary>
    private async Task ProveAsync(RuleKind kind, HeldTurn held, HashSet<Guid> unproven, RouterView before)
    {
        if (await calls.AskAsync(kind, held) is not { IsSuccess: true, Data: { } report })
        {
            return;
        }

        var rows = await LoadAsync(kind, held, report);
        var view = before with { Report = report };
        var terms = calls.TermsOf(kind, row => unproven.Contains(row.Id), eager: false, time.UtcNow());
        await store.ConfirmAsync(kind, RuleReconciliation.NewlyConfirmed(view, rows, terms), CancellationToken.None);
        var shown = RuleReconciliation.Shown(view, rows, terms).Select(row => row.Id).ToHashSet();
        foreach (var row in rows.Where(row => row.State == RuleState.Blocked && unproven.Contains(row.Id) && !shown.Contains(row.Id)))
        {
            await calls.SaveAsync(kind, row, RuleLifecycle.Unconfirmed(row), held.Turn.Fence);
        }
    }

    private async Task<Rule?> BeginAsync(RuleKind kind, Rule rule, RuleState state, HeldTurn held) =>
        await calls.BeginAsync(kind, rule, state, held) is { MaybeSent: true } begun
        && begun.State == state
        && begun.Fence == held.Turn.Fence
            ? begun
            : null;

    private async Task PutOffAsync(RuleKind kind, HeldTurn held, IReadOnlyCollection<Guid> claimed, CommandsFailure failure)
    {
        var rows = await store.LoadAsync(kind, held.Router.UserId, held.Router.RouterId, [], [], CancellationToken.None);
        foreach (var row in rows.Where(row => claimed.Contains(row.Id) && !running.IsUnsent(row.Id)))
        {
            await calls.SaveAsync(kind, row, lifecycle.LookFailed(row, failure, time.UtcNow()), held.Turn.Fence);
        }
    }
}
