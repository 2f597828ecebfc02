namespace NetPilot.Routers.Contracts;

/// <summary>Runs one command on a router for a user, with its place in time and its entry in the activity.</summary>
public interface IRouterCommands
{
    /// <summary>
    /// Takes the router's turn, calls, lets <paramref name="afterwards"/> write what follows from the outcome while the turn is held, and
    /// releases the turn with the activity. Once the call is sent, <paramref name="cancellationToken"/> no longer counts.
    /// </summary>
    /// <param name="router">The router, owned by the actor.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="command">What is asked.</param>
    /// <param name="call">Makes the call, and may ask the router once more within the turn.</param>
    /// <param name="afterwards">Writes that belong in the turn; null if there are none.</param>
    /// <param name="cancellationToken">Ends the waiting for the turn.</param>
    /// <param name="beforehand">Writes that belong in the turn, before anything is sent; null if there are none.</param>
    /// <returns>The outcome; null when no turn came in time (503 <c>router_busy</c>, nothing was sent).</returns>
    /// <exception cref="Web.ProblemException">404 <c>router_not_found</c>: the router was given up while this waited, and nothing was sent.</exception>
    Task<CommandsResult<T>?> RunInTurnAsync<T>(
        OwnedRouter router,
        CommandActor actor,
        RouterCommand command,
        Func<CommandsTarget, Task<CommandsResult<T>>> call,
        Func<RouterTurn, CommandsResult<T>, Task>? afterwards,
        CancellationToken cancellationToken,
        Func<RouterTurn, Task>? beforehand = null
    );

    /// <summary>Calls without a turn, for what changes nothing on the router, and records the activity.</summary>
    /// <exception cref="Web.ProblemException">
    /// 404 <c>router_not_found</c>: the router was given up meanwhile. What it may have answered is another one's to see.
    /// </exception>
    Task<CommandsResult<T>> RunAsync<T>(
        OwnedRouter router,
        CommandActor actor,
        RouterCommand command,
        Func<CommandsTarget, CancellationToken, Task<CommandsResult<T>>> call,
        CancellationToken cancellationToken
    );
}

/// <summary>For whom a command runs.</summary>
/// <param name="UserId">The user; null for the server's own maintenance.</param>
/// <param name="CommandsSessionId">The session that the call carries: the user's own, or the maintenance session. A credential.</param>
public sealed record CommandActor(Guid? UserId, Guid CommandsSessionId)
{
    /// <summary>Names the user alone.</summary>
    public override string ToString() => UserId is { } user ? $"user {user}" : "maintenance";
}

/// <summary>What a command is, for the activity and its time.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Target">The address or name that it is about; never a secret.</param>
/// <param name="Timeout">How long the call may take.</param>
public sealed record RouterCommand(RouterActivityKind Kind, string? Target, TimeSpan Timeout);
