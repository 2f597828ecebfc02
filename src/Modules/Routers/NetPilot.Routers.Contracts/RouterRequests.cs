using NetPilot.Identity.Contracts;
using NetPilot.Web;

namespace NetPilot.Routers.Contracts;

/// <summary>What all requests about a router have in common: whose it is, who asks, and what a command's outcome means to the one who asked.</summary>
public static class RouterRequests
{
    /// <summary>What becomes of a call for a router that was given up before it could be sent: it is not made.</summary>
    public static readonly CommandsFailure RouterGone = new(
        CommandsFailureKind.RouterGone,
        CommandEffect.NotDone,
        "The router was given up before the command could be sent."
    );

    /// <summary>The caller's router.</summary>
    /// <exception cref="ProblemException">404 <c>router_not_found</c>: it is not the caller's, whether or not it exists.</exception>
    public static async Task<OwnedRouter> GetAsync(
        this IRouterOwnership ownership,
        Caller caller,
        string routerId,
        CancellationToken cancellationToken
    ) => await ownership.FindAsync(caller.UserId, routerId, cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());

    /// <summary>To be called where no turn came: the owner may have given the router up while the command waited.</summary>
    /// <exception cref="ProblemException">404 <c>router_not_found</c>: it is no longer this owner's.</exception>
    public static async Task DemandStillOwnedAsync(this IRouterOwnership ownership, OwnedRouter router, CancellationToken cancellationToken)
    {
        if (await ownership.FindAsync(router.UserId, router.RouterId, cancellationToken) is null)
        {
            throw new ProblemException(Problem.RouterNotFound());
        }
    }

    /// <summary>The caller as the one for whom a command runs.</summary>
    public static CommandActor AsActor(this Caller caller) => new(caller.UserId, caller.CommandsSessionId);

    /// <summary>What an acknowledged command brought.</summary>
    /// <exception cref="ProblemException">No turn came in time (null), or the command failed.</exception>
    public static T OrThrow<T>(this CommandsResult<T>? result) =>
        result switch
        {
            null => throw new ProblemException(Problem.RouterBusy()),
            { IsSuccess: true } => result.Data,
            _ => throw new ProblemException(result.Failure.ToProblem()),
        };

    /// <summary>The failure as it is answered, by the REST contract's table "Downstream failures".</summary>
    public static Problem ToProblem(this CommandsFailure failure)
    {
        switch (failure.Kind)
        {
            case CommandsFailureKind.SessionEnded:
                return Problem.Unauthorized();
            case CommandsFailureKind.RouterGone:
                return Problem.RouterNotFound();
        }

        var problem = new Problem(failure.Code, failure.Detail);
        return problem.Status == 503 ? problem with { RetryAfter = failure.RetryAfter ?? TimeSpan.FromSeconds(5) } : problem;
    }
}
