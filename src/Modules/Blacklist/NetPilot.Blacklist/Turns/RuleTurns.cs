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

    /// <summary>Asks for a turn in the transaction that stores what it is for. Null: others wait for the router.</summary>
    public ITurnAsk? TryAsk(OwnedRouter router) => Leases.TryAsk(router, Timeouts.Command);

    /// <summary>The turn that was granted in the transaction that wrote the row.</summary>
    public RuleTurn Granted(RouterTurn lease, OwnedRouter router, CommandActor actor, RequestBudget budget, Rule only) =>
        new(this, router, actor, lease, budget, RuleRead.Known(only));

    /// <summary>Null: no turn came in time, and nothing was sent.</summary>
    /// <param name="budget">The request's time; the server's own maintenance has none, and does not wait.</param>
    /// <param name="only">The only row that the turn is for, if there is one: the turn is over as the end of its command is written.</param>
    public async Task<RuleTurn?> TakeAsync(OwnedRouter router, CommandActor actor, RequestBudget? budget, Rule? only = null)
    {
        var patience = budget?.Patience ?? TimeSpan.Zero;
        var read = only is null ? null : new RuleRead(only);
        return await Leases.TakeAsync(router, Timeouts.Command, patience, read, CancellationToken.None) is { } lease
            ? new RuleTurn(this, router, actor, lease, budget, read)
            : null;
    }
}
