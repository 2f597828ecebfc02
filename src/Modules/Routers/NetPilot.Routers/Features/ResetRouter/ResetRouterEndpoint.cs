namespace NetPilot.Routers.Features.ResetRouter;

internal sealed class ResetRouterEndpoint(
    IRouterOwnership ownership,
    IRouterCommands commands,
    ICommandsClient client,
    IEnumerable<IRouterDependents> dependents,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : Endpoint<RouterRequest, MessageResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/reset");
        this.Describe("Routers", "Reset a router", "Clears the rules of the router, and the stored blocks and lists with them.");
        Description(b => b.Answers<MessageResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var budget = new RequestBudget(time, options.Value.Timeouts);
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var result = await commands.RunInTurnAsync(
            router,
            caller.AsActor(),
            new RouterCommand(RouterActivityKind.Reset, null, options.Value.Timeouts.Command * 2),
            target => ResetAsync(router, target, budget),
            (turn, outcome) => EndAsync(router, turn, outcome),
            cancellationToken,
            beforehand: turn => ExpectAsync(router, turn)
        );
        result.OrThrow();
        await Send.OkAsync(
            new MessageResponse("The router's rules are cleared, and the stored blocks and lists with them."),
            cancellationToken
        );
    }

    // The command's time counts from the turn on, however long that was waited for.
    private Task ExpectAsync(OwnedRouter router, RouterTurn turn)
    {
        var checkAt = time.UtcNow() + options.Value.Timeouts.Total;
        return ForEachAsync(dependent => dependent.ExpectClearingAsync(router.UserId, turn, checkAt, CancellationToken.None));
    }

    private async Task<CommandsResult<Unit>> ResetAsync(OwnedRouter router, CommandsTarget target, RequestBudget budget)
    {
        var result = await client.ResetAsync(target, CancellationToken.None);
        if (
            result.Failure is not { Effect: CommandEffect.Unknown } failure
            || budget.Patience <= TimeSpan.Zero
            || !await WouldProveAsync(router, target)
        )
        {
            return result;
        }

        return await HoldsNothingAsync(target with { Deadline = budget.Remaining }) switch
        {
            true => CommandsResult<Unit>.Success(default),
            // The command is over, and the router was not reset.
            false when failure.Kind == CommandsFailureKind.CommandFailed => CommandsResult<Unit>.Failed(
                failure with
                {
                    Effect = CommandEffect.NotDone,
                }
            ),
            _ => result,
        };
    }

    // The router may be asked, and empty lists would mean that it holds nothing.
    private async Task<bool> WouldProveAsync(OwnedRouter router, CommandsTarget target)
    {
        try
        {
            if (await target.Objection!(CancellationToken.None) is not null)
            {
                return false;
            }

            foreach (var dependent in dependents)
            {
                if (await dependent.MayHoldUnlistedAsync(router.UserId, router.RouterId, CancellationToken.None))
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
        {
            // The reset was sent all the same, and is recorded with its outcome.
            return false;
        }
    }

    // A router without rules and entries is reset, whatever became of the command. Null: it does not tell.
    private async Task<bool?> HoldsNothingAsync(CommandsTarget target)
    {
        var rules = client.ListBlockedAsync(target, CancellationToken.None);
        var lists = Enum.GetValues<RouterList>().Select(list => client.GetListAsync(target, list, CancellationToken.None)).ToArray();
        bool?[] empty = [(await rules).Data?.IsEmpty, .. (await Task.WhenAll(lists)).Select(list => list.Data?.IsEmpty)];
        return empty.Contains(false) ? false
            : empty.Contains(null) ? null
            : true;
    }

    private Task EndAsync(OwnedRouter router, RouterTurn turn, CommandsResult<Unit> outcome) =>
        outcome switch
        {
            { IsSuccess: true } => ForEachAsync(dependent => dependent.ClearRulesAsync(router.UserId, turn, CancellationToken.None)),
            { Failure.Effect: CommandEffect.NotDone } => ForEachAsync(dependent =>
                dependent.ForgetClearingAsync(router.UserId, turn, CancellationToken.None)
            ),
            // What became of it is asked of the router later.
            _ => Task.CompletedTask,
        };

    private async Task ForEachAsync(Func<IRouterDependents, Task> act)
    {
        foreach (var dependent in dependents)
        {
            await act(dependent);
        }
    }
}
