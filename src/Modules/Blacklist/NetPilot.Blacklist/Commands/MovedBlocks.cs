namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Has the router follow a device that goes on under another MAC: its block is put in force there, and the rule of the old MAC lifted, in one turn.
/// Both are stored already. What the router can't take now, the server does by itself.
/// </summary>
internal sealed class MovedBlocks(
    RuleStore store,
    PutInForce putInForce,
    Lift lift,
    RuleTurns turns,
    RunningCommands running,
    SettleWorker settling,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    public async Task FollowAsync(OwnedRouter router, CommandActor actor, CancellationToken cancellationToken)
    {
        var (added, left) = await store.FindMovedAsync(router.UserId, router.RouterId, cancellationToken);
        var shared = new SharedTurn(turns, router, actor, new RequestBudget(time, options.Value.Timeouts));
        // What begins comes first: the device is not let through in between.
        var commands = shared.Start(
            running,
            [
                .. added.Select(rule => new RuleCommand(rule, turn => putInForce.ApplyStoredAsync(rule, turn))),
                .. left.Select(rule => new RuleCommand(rule, turn => lift.LiftUnkeptAsync(rule, turn))),
            ]
        );
        settling.Nudge();
        await Task.WhenAll(commands).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
