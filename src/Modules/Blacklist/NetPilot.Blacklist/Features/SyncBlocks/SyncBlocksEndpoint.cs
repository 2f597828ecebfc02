namespace NetPilot.Blacklist.Features.SyncBlocks;

/// <summary>What the comparison with the router came to.</summary>
/// <param name="Reapplied">Addresses whose block the router had lost, in force again.</param>
/// <param name="Lifted">Addresses whose block should have been gone, and is now.</param>
/// <param name="Unmanaged">Rules that NetPilot did not make: not touched.</param>
/// <param name="CheckedAt">When the router was asked.</param>
/// <param name="Remaining">How many rules are still to be put back or lifted: the server goes on with them by itself.</param>
/// <example>{"reapplied":["192.168.1.10"],"lifted":[],"unmanaged":[{"ip":"192.168.1.23","mac":"3c:5a:b4:01:02:03"}],"checkedAt":"2026-11-25T21:58:47.157756Z","remaining":0}</example>
internal sealed record SyncResponse(
    [property: ShownAs(typeof(IReadOnlyList<IPAddress>))] IReadOnlyList<string> Reapplied,
    [property: ShownAs(typeof(IReadOnlyList<IPAddress>))] IReadOnlyList<string> Lifted,
    IReadOnlyList<UnmanagedRule> Unmanaged,
    DateTimeOffset CheckedAt,
    int Remaining
);

/// <summary>A rule of unknown origin.</summary>
/// <param name="Ip">The device's present address; null while it is away. As the router wrote it, where it is none.</param>
/// <param name="Mac">The device's MAC; null where the router did not say. As the router wrote it, where it is none.</param>
/// <example>{"ip":"192.168.1.23","mac":"3c:5a:b4:01:02:03"}</example>
internal sealed record UnmanagedRule(string? Ip, string? Mac);

internal sealed class SyncBlocksEndpoint(IRouterOwnership ownership, BlockSync sync, RunningCommands running)
    : Endpoint<RouterRequest, SyncResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/blocked/sync");
        this.Describe(
            "Blocks",
            "Compare the blocks with the router",
            "Puts back what the router lost, lifts what should be gone, and reports rules that NetPilot did not make. A long repair gives other commands of the router their turn, and goes on in the background when the time of the request is over."
        );
        Description(b => b.Answers<SyncResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var comparison = sync.RunAsync(router, caller.AsActor());
        running.Track(comparison);
        var report = await comparison.WaitAsync(cancellationToken) ?? throw new ProblemException(Problem.RouterBusy());
        if (report.Failure is { } failure)
        {
            throw new ProblemException(failure.ToProblem());
        }

        await Send.OkAsync(
            new SyncResponse(
                report.Reapplied.Select(ip => ip.ToString()).ToArray(),
                report.Lifted.Select(ip => ip.ToString()).ToArray(),
                [
                    .. report.Unmanaged.Select(rule => new UnmanagedRule(rule.Address?.ToString(), AddressRules.Format(rule.Mac))),
                    .. report.Unreadable.Select(entry => new UnmanagedRule(entry.Address, entry.Mac)),
                ],
                report.CheckedAt,
                report.Remaining
            ),
            cancellationToken
        );
    }
}
