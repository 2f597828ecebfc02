using NetPilot.Routers.Contracts;

namespace NetPilot.Routers.Turns;

/// <summary>The resets that routers' last owners left to be done (rows of <c>routers.pending_resets</c>).</summary>
internal interface IPendingResets
{
    /// <summary>
    /// Does the router's pending reset inside this turn. True when the turn may go on to its own command: the reset is done, or the router
    /// refused it and no later attempt follows.
    /// </summary>
    /// <param name="turn">The turn.</param>
    /// <param name="ownerId">Whose command the turn is for; null where it is for the reset alone.</param>
    /// <param name="renew">Lengthens the turn's lease for one more call; false when the turn was lost.</param>
    /// <param name="cancellationToken">Ends the work before the reset is sent.</param>
    Task<bool> RunAsync(RouterTurn turn, Guid? ownerId, Func<TimeSpan, Task<bool>> renew, CancellationToken cancellationToken);
}
