using Microsoft.Extensions.Options;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Turns;

/// <summary>Takes turns of routers for commands about rules.</summary>
internal sealed record RuleTurns(
    IRouterTurns Leases,
    ICommandsClient Client,
    IDeviceScans Scans,
    RuleWriter Writer,
    RuleStore Store,
    RuleOutcomes Outcomes,
    IOptions<CommandsServerOptions> Options,
    TimeProvider Time
)
{
    public CommandsTimeouts Timeouts => Options.Value.Timeouts;

    public bool MatchesBySubstring => Options.Value.MatchesAddressesBySubstring;

    /// <summary>Null: no turn came in time, and nothing was sent.</summary>
    /// <param name="router">The router.</param>
    /// <param name="actor">Who commands.</param>
    /// <param name="budget">The request's time; the server's own maintenance has none, and does not wait.</param>
    /// <param name="endsWithRule">Whether the turn is for one row, and is over as the end of its command is written.</param>
    public async Task<RuleTurn?> TakeAsync(OwnedRouter router, CommandActor actor, RequestBudget? budget, bool endsWithRule = false)
    {
        var patience = budget?.Patience ?? TimeSpan.Zero;
        return await Leases.TakeAsync(router, Timeouts.Command, patience, CancellationToken.None) is { } lease
            ? new RuleTurn(this, router, actor, lease, budget, endsWithRule)
            : null;
    }
}
