using NetPilot.Blacklist.Features;

namespace NetPilot.Blacklist.Integrations;

/// <summary>
/// What goes with a device, or moves to another one: its holds, and with a merge its block. A block that a user made stays when the device's row is
/// deleted; what a pause or a schedule holds ends.
/// </summary>
internal sealed class DeviceBlocks(
    BlockMoves moves,
    RuleStore store,
    PutInForce putInForce,
    Lift lift,
    RuleTurns turns,
    RunningCommands running,
    SettleWorker settling,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : IDeviceDependents
{
    public async Task DeleteAsync(DeviceRemoval removal, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var own = (NpgsqlTransaction)transaction;
        var holds = await own.FindHoldsAsync(removal, cancellationToken);
        await EndAsync(own, removal.UserId, removal.RouterId, holds, cancellationToken);
    }

    public async Task MergeAsync(DeviceMerge merge, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var own = (NpgsqlTransaction)transaction;
        var (rules, holds) = await own.LockBlocksAsync(merge, cancellationToken);
        if (rules.Count == 0)
        {
            return;
        }

        if (merge.ByScan)
        {
            var renamed = BlockMoves.Renamed(merge, holds);
            await own.WriteAsync(merge, renamed with { Ended = [] }, cancellationToken);
            await EndAsync(own, merge.UserId, merge.RouterId, renamed.Ended, cancellationToken);
            return;
        }

        var move = moves.Of(merge, rules, holds, time.NewId(), time.UtcNow());
        if (move.Blocks)
        {
            new ChosenDevice(merge.Into.Address, merge.Into).RefuseRouter("into");
            ChosenDevice.RefuseWithoutAddress(merge.Into);
        }

        await own.WriteAsync(merge, move, cancellationToken);
    }

    // The block is put in force under the device's new MAC, and the rule of the old one lifted, in one turn. Both are stored already. What the router
    // can't take now, the server does by itself.
    public async Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken)
    {
        if (actor is null)
        {
            settling.Nudge();
            return;
        }

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

    private async Task EndAsync(
        NpgsqlTransaction transaction,
        Guid userId,
        string routerId,
        IReadOnlyList<Hold> holds,
        CancellationToken cancellationToken
    )
    {
        if (holds.Count == 0)
        {
            return;
        }

        var now = time.UtcNow();
        var changes = new HoldChanges([.. holds.Select(hold => hold.Id)], [], [.. holds.Select(hold => hold.RuleId).Distinct()]);
        await transaction.ExecuteAsync(ChangeHolds.Statements(userId, routerId, changes, new ClaimTerms(now, now, 0)), cancellationToken);
    }
}
