using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Routers.Features;

/// <summary>What commands have in common: whose they are, and what their outcomes mean to the one who asked.</summary>
internal static class CommandOutcomes
{
    public static CommandActor AsActor(this Caller caller) => new(caller.UserId, caller.CommandsSessionId);

    /// <exception cref="ProblemException">404 <c>router_not_found</c>: it is not this user's.</exception>
    public static async Task<OwnedRouter> GetAsync(
        this IRouterOwnership ownership,
        Caller caller,
        string routerId,
        CancellationToken cancellationToken
    ) => await ownership.FindAsync(caller.UserId, routerId, cancellationToken) ?? throw new ProblemException(Problem.RouterNotFound());

    /// <summary>What an acknowledged command brought.</summary>
    /// <exception cref="ProblemException">No turn came in time (null), or the command failed.</exception>
    public static T OrThrow<T>(this CommandsResult<T>? result) =>
        result switch
        {
            null => throw new ProblemException(Problem.RouterBusy()),
            { IsSuccess: true } => result.Data,
            _ => throw new ProblemException(Problem.From(result.Failure)),
        };
}

/// <summary>The answer to a command that brings no data.</summary>
internal sealed record MessageResponse(string Message);
