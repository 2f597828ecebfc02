namespace NetPilot.Routers.Contracts;

/// <summary>
/// What goes with a router. Implemented above Routers by each module that keeps something per router. A router that is given up goes from those
/// registered last to those registered first: modules are registered from the lowest to the highest, so that what depends on others goes first.
/// A module that has no rules on the router implements the removal alone.
/// </summary>
public interface IRouterDependents
{
    /// <summary>Removes all that this module keeps for the owner's router. Called before the router's own row goes, and once more after it; safe to repeat.</summary>
    Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken);

    /// <summary>
    /// The router's rules are about to be cleared in this turn: the intent is stored before the command is sent. Should the outcome never be
    /// learnt, rows and rules are to be compared at <paramref name="checkAt"/>, by which time the command is over, and a rule that is absent then
    /// has ended by the reset: it is never put back.
    /// </summary>
    Task ExpectClearingAsync(Guid userId, RouterTurn turn, DateTimeOffset checkAt, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    /// <summary>The reset that was announced for this turn surely did not take effect.</summary>
    Task ForgetClearingAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// The router's rules were cleared by a reset that the Commands-Server acknowledged, in this turn: stored blocks and lists go to their
    /// end states, so that rows and rules agree.
    /// </summary>
    Task ClearRulesAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Whether the router may hold a rule of this module that its lists leave out, so that empty lists do not prove that a reset of unknown outcome
    /// took effect.
    /// </summary>
    Task<bool> MayHoldUnlistedAsync(Guid userId, string routerId, CancellationToken cancellationToken) => Task.FromResult(false);
}
