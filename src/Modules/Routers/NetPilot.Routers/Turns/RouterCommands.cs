namespace NetPilot.Routers.Turns;

internal sealed class RouterCommands(
    IRouterOwnership ownership,
    IRouterTurns turns,
    LateRecords records,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : IRouterCommands
{
    public async Task<CommandsResult<T>?> RunInTurnAsync<T>(
        OwnedRouter router,
        CommandActor actor,
        RouterCommand command,
        Func<CommandsTarget, Task<CommandsResult<T>>> call,
        Func<RouterTurn, CommandsResult<T>, Task>? afterwards,
        CancellationToken cancellationToken,
        Func<RouterTurn, Task>? beforehand = null
    )
    {
        var budget = new RequestBudget(time, options.Value.Timeouts);
        var turn = await turns.TakeAsync(router, command.Timeout, budget.Patience, null, cancellationToken);
        if (turn is null)
        {
            await ownership.DemandStillOwnedAsync(router, cancellationToken);
            return null;
        }

        RouterActivity[] record = [];
        try
        {
            if (beforehand is not null)
            {
                await beforehand(turn);
            }

            var target = turns.TargetOf(turn, actor.CommandsSessionId, budget.For(command.Timeout));
            (var result, record) = await TimedAsync(
                router,
                actor,
                command,
                () => turn.Left > TimeSpan.Zero ? call(target) : Task.FromResult(CommandsResult<T>.Failed(RouterTurn.IsOver))
            );
            if (afterwards is not null)
            {
                await afterwards(turn, result);
            }

            return result;
        }
        finally
        {
            await turns.ReleaseAsync(turn, record);
        }
    }

    public async Task<CommandsResult<T>> RunAsync<T>(
        OwnedRouter router,
        CommandActor actor,
        RouterCommand command,
        Func<CommandsTarget, CancellationToken, Task<CommandsResult<T>>> call,
        CancellationToken cancellationToken
    )
    {
        var budget = new RequestBudget(time, options.Value.Timeouts);
        var target = new CommandsTarget(actor.CommandsSessionId, router.RouterId, budget.For(command.Timeout))
        {
            Objection = token => FindObjectionAsync(router, token),
        };
        var (result, record) = await TimedAsync(router, actor, command, () => call(target, cancellationToken));
        return await records.WriteForOwnerAsync(router, record) ? result : throw new ProblemException(Problem.RouterNotFound());
    }

    private async Task<CommandsFailure?> FindObjectionAsync(OwnedRouter router, CancellationToken cancellationToken) =>
        await ownership.FindAsync(router.UserId, router.RouterId, cancellationToken) is null ? RouterRequests.RouterGone : null;

    private async Task<(CommandsResult<T> Result, RouterActivity[] Record)> TimedAsync<T>(
        OwnedRouter router,
        CommandActor actor,
        RouterCommand command,
        Func<Task<CommandsResult<T>>> call
    )
    {
        var startedAt = time.UtcNow();
        var started = time.GetTimestamp();
        var result = await call();
        var entry = RouterActivity.Of(router, actor.UserId, command.Kind, command.Target, result, startedAt, time.GetElapsedTime(started));
        return (result, [entry]);
    }
}
