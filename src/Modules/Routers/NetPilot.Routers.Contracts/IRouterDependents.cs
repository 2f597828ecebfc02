namespace NetPilot.Routers.Contracts;

/// <summary>What goes with a router. Implemented above Routers by each module that keeps something per router.</summary>
public interface IRouterDependents
{
    /// <summary>Removes all that this module keeps for the owner's router. Called before the router's own row goes; safe to repeat.</summary>
    Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken);

    /// <summary>
    /// The router's rules are about to be cleared. Should the outcome never be learnt, rows and rules are to be compared at
    /// <paramref name="checkAt"/>, by which time the command is over.
    /// </summary>
    Task ExpectClearingAsync(Guid userId, string routerId, DateTimeOffset checkAt, CancellationToken cancellationToken);

    /// <summary>
    /// The router's rules were cleared by a reset that the Commands-Server acknowledged, in this turn: stored blocks and lists go to their
    /// end states, so that rows and rules agree.
    /// </summary>
    Task ClearRulesAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken);
}
