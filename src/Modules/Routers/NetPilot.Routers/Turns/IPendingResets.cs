using NetPilot.Routers.Contracts;

namespace NetPilot.Routers.Turns;

/// <summary>The resets that routers' last owners left to be done (rows of <c>routers.pending_resets</c>).</summary>
internal interface IPendingResets
{
    /// <summary>Does the router's pending reset inside this turn. True when none is left, so that the turn may go on to its own command.</summary>
    Task<bool> RunAsync(RouterTurn turn, CancellationToken cancellationToken);
}
