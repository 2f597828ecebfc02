using FastEndpoints;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Rules;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Blacklist.Features.SyncBlocks;

internal sealed class SyncBlocksRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";
}

/// <summary>What the comparison with the router came to.</summary>
/// <param name="Reapplied">Addresses whose block the router had lost, in force again.</param>
/// <param name="Lifted">Addresses whose block should have been gone, and is now.</param>
/// <param name="Unmanaged">Rules that NetPilot did not make: not touched.</param>
/// <param name="CheckedAt">When the router was asked.</param>
internal sealed record SyncResponse(
    IReadOnlyList<string> Reapplied,
    IReadOnlyList<string> Lifted,
    IReadOnlyList<UnmanagedRule> Unmanaged,
    DateTimeOffset CheckedAt
);

/// <summary>A rule of unknown origin.</summary>
/// <param name="Ip">The device's present address; null while it is away.</param>
/// <param name="Mac">The device's MAC; null where the router did not say.</param>
internal sealed record UnmanagedRule(string? Ip, string? Mac);

internal sealed class SyncBlocksEndpoint(
    RuleTargets targets,
    RuleReconciler reconciler,
    RunningCommands running,
    IRouterTurns turns,
    IOptions<CommandsServerOptions> server,
    TimeProvider time
) : Endpoint<SyncBlocksRequest, SyncResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/blocked/sync");
        Tags("Blacklist");
        Summary(s =>
        {
            s.Summary = "Compares the blocks with the router, and mends what NetPilot owns";
            s.Description = "Puts back what the router lost, lifts what should be gone, and reports rules that NetPilot did not make.";
        });
        Description(b => b.Answers<SyncResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(SyncBlocksRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var budget = new RequestBudget(time, server.Value.Timeouts);
        var router = await targets.OwnedAsync(caller, request.RouterId, ct);
        var command = server.Value.Timeouts.Command;
        var turn = await turns.TakeAsync(router, command, budget.Patience, ct) ?? throw new ProblemException(Problem.RouterBusy());

        var actor = new CommandActor(caller.UserId, caller.CommandsSessionId);
        var held = new HeldTurn(router, actor, turn, command, budget);
        var comparison = ReconcileAsync(held, budget);
        running.Track(comparison);
        var report = await comparison.WaitAsync(ct);
        if (report.Failure is { } failure)
        {
            throw new ProblemException(Problem.From(failure));
        }

        await Send.OkAsync(
            new SyncResponse(
                report.Reapplied.Select(ip => ip.ToString()).ToArray(),
                report.Lifted.Select(ip => ip.ToString()).ToArray(),
                report.Unmanaged.Select(rule => new UnmanagedRule(rule.Address?.ToString(), AddressRules.Format(rule.Mac))).ToArray(),
                report.CheckedAt
            ),
            ct
        );
    }

    private async Task<ReconciliationReport> ReconcileAsync(HeldTurn held, RequestBudget budget)
    {
        try
        {
            return await reconciler.RunAsync(RuleKind.Block, held, RouterActivityKind.Sync, [], eager: true, budget.Patience);
        }
        finally
        {
            await turns.ReleaseAsync(held.Turn, held.Activities, CancellationToken.None);
        }
    }
}
