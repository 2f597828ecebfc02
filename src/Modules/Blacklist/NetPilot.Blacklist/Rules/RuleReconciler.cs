using System.Net;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>What a comparison of rows and router came to.</summary>
internal sealed record ReconciliationReport(DateTimeOffset CheckedAt)
{
    public List<IPAddress> Reapplied { get; } = [];

    public List<IPAddress> Lifted { get; } = [];

    public List<BlockedRule> Unmanaged { get; } = [];

    /// <summary>Why the router could not be asked; null if it was.</summary>
    public CommandsFailure? Failure { get; init; }
}

/// <summary>Asks the router what it holds and makes rows and router agree, within a turn. Settling, expiry, sync and drift check all do just this.</summary>
internal sealed class RuleReconciler(
    RuleStore store,
    RuleCalls calls,
    RuleLifecycle lifecycle,
    RunningCommands running,
    ICommandsClient client,
    IRouterTurns turns,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <param name="kind">The kind of rule.</param>
    /// <param name="held">The turn.</param>
    /// <param name="asked">The activity that the question is recorded as.</param>
    /// <param name="claimed">Rows that are due because the worker claimed them.</param>
    /// <param name="eager">Whether rows that wait for their next attempt are tried now.</param>
    /// <param name="patience">When to stop sending and leave the rest to the worker.</param>
    public async Task<ReconciliationReport> RunAsync(
        RuleKind kind,
        HeldTurn held,
        RouterActivityKind asked,
        IReadOnlyCollection<Guid> claimed,
        bool eager,
        TimeSpan patience
    )
    {
        var started = time.GetTimestamp();
        var now = time.UtcNow();
        var (look, entry) = await AskAsync(kind, held, asked, now);
        held.Activities.Add(entry);
        if (!look.IsSuccess)
        {
            await PutOffAsync(kind, held, claimed, look.Failure);
            return new ReconciliationReport(now) { Failure = look.Failure };
        }

        var report = new ReconciliationReport(now);
        var rows = await store.LoadAsync(
            kind,
            held.Router.UserId,
            held.Router.RouterId,
            look.Data.Rules.Select(rule => rule.Mac).OfType<System.Net.NetworkInformation.PhysicalAddress>().ToArray(),
            look.Data.Rules.Select(rule => rule.Address).OfType<IPAddress>().ToArray(),
            CancellationToken.None
        );
        var bySubstring = options.Value.MatchesAddressesBySubstring;
        foreach (var step in RuleReconciliation.Plan(look.Data.Rules, rows, IsDue, lifecycle, now, kind.FollowsDevice, bySubstring))
        {
            if (
                step is ReconciliationStep.Apply or ReconciliationStep.Lift or ReconciliationStep.LiftStray
                && (time.GetElapsedTime(started) > patience || !await turns.RenewAsync(held.Turn, held.CallTimeout, CancellationToken.None))
            )
            {
                // What is left stays due as it is, and a row in force that the router lacks is found again.
                await store.LeaveDueAsync(kind, claimed, held.Turn.Fence, time.UtcNow(), CancellationToken.None);
                break;
            }

            await DoAsync(kind, step, held, report);
        }

        return report;

        bool IsDue(Rule row) => !running.IsUnsent(row.Id) && (claimed.Contains(row.Id) || row.SettleAt <= now || (eager && !row.MaybeSent));
    }

    private async Task<(CommandsResult<BlockedReport> Look, RouterActivity Entry)> AskAsync(
        RuleKind kind,
        HeldTurn held,
        RouterActivityKind asked,
        DateTimeOffset now
    )
    {
        var started = time.GetTimestamp();
        var look = await kind.Ask(client, held.Target);
        var target = kind == RuleKind.Block ? null : kind.Name;
        return (look, RouterActivity.Of(held.Router, held.Actor.UserId, asked, target, look, now, time.GetElapsedTime(started)));
    }

    private async Task DoAsync(RuleKind kind, ReconciliationStep step, HeldTurn held, ReconciliationReport report)
    {
        switch (step)
        {
            case ReconciliationStep.Settle(var rule, var change):
                await calls.SaveAsync(kind, rule, change, held.Turn.Fence);
                break;

            case ReconciliationStep.Identify(var rule, var ip, var mac):
                await store.IdentifyAsync(kind, rule.Id, ip, mac, CancellationToken.None);
                break;

            case ReconciliationStep.Apply(var rule):
                if (
                    await BeginAsync(kind, rule, RuleState.Applying, held) is { } applying
                    && (await calls.ApplyAsync(kind, applying, held)).Failure is null
                )
                {
                    report.Reapplied.Add(applying.DeviceIp);
                }

                break;

            case ReconciliationStep.Lift(var rule, var ip):
                if (
                    await BeginAsync(kind, rule, RuleState.Lifting, held) is { } lifting
                    && (await calls.LiftAsync(kind, lifting, ip, held)).Rule is { State: RuleState.Lifted }
                )
                {
                    report.Lifted.Add(ip);
                }

                break;

            case ReconciliationStep.LiftStray(var ip, var then):
                if ((await calls.CallAsync(kind.Remove, kind.RemoveActivity, ip, held)).Failure is null)
                {
                    report.Lifted.Add(ip);
                    if (then is not null)
                    {
                        await calls.SaveAsync(kind, then.Rule, then.Change, held.Turn.Fence);
                    }
                }

                break;

            case ReconciliationStep.Unmanaged(var rule):
                report.Unmanaged.Add(rule);
                break;
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
