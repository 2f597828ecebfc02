using Microsoft.Extensions.Options;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Has the router follow a device that goes on under another MAC: its block is put in force there, and the rule of the old MAC lifted, in one turn.
/// Both are stored already. What the router can't take now, the server does by itself.
/// </summary>
internal sealed class MovedBlocks(
    RuleStore store,
    PutInForce putInForce,
    Lift lift,
    RuleReconciler reconciler,
    RuleTurns turns,
    RunningCommands running,
    SettleWorker settling,
    IDeviceDirectory devices,
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
                .. left.Select(rule => new RuleCommand(rule, turn => LiftAsync(rule, turn))),
            ]
        );
        settling.Nudge();
        await Task.WhenAll(commands).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<CommandEnd> LiftAsync(Rule left, RuleTurn? turn)
    {
        if (turn is null || await devices.FindByAddressAsync(left.UserId, left.RouterId, left.DeviceIp, CancellationToken.None) is null)
        {
            return await lift.LiftUnkeptAsync(left, turn);
        }

        // Somebody else has the old address, whose rule a command by it could take: the router's list says where the old MAC is, if it is there.
        running.MarkSent(left.Id);
        await reconciler.RunAsync(
            turn,
            new ReconciliationOrder(RuleKind.Block, RouterActivityKind.Settle, [left.Id], ReconciliationOrder.LongestTurn)
        );
        return new CommandEnd(left);
    }
}
