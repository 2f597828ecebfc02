namespace NetPilot.CommandsClient;

/// <summary>
/// Every call that NetPilot makes to the Commands-Server, in the dialect that <c>CommandsServer:Dialect</c> chooses.
/// Nothing here throws for what the Commands-Server does: each outcome is a <see cref="CommandsResult{T}"/>. Values are sent as they are
/// and reach a shell on a router, so callers validate them first, and check that the user owns the router. That is asked again
/// (<see cref="CommandsTarget.Objection"/>) where a call waits before it is sent.
/// </summary>
/// <remarks>
/// The cancellation token only ends a call's waiting before it is sent. A command that may have reached the Commands-Server is always
/// seen through to an outcome within its own timeout, because an abandoned command would leave its effect unknown.
/// </remarks>
public interface ICommandsClient
{
    /// <summary>Starts a session. A session that is active already counts as started; in the deployed dialect a failed start is healed by one end and one more start.</summary>
    /// <param name="commandsSessionId">The session's id on the Commands-Server.</param>
    /// <param name="routerId">The router that the deployed dialect sets the session up for; the plan dialect does not send it.</param>
    /// <param name="cancellationToken">Ends the waiting for a start that was not sent yet.</param>
    Task<CommandsResult<Unit>> StartSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken);

    /// <summary>Ends a session. A session that the Commands-Server does not know (401 SESSION_INVALID or 404) has ended: success.</summary>
    /// <param name="commandsSessionId">The session's id on the Commands-Server.</param>
    /// <param name="routerId">The router that the deployed dialect wants named.</param>
    /// <param name="cancellationToken">Ends the waiting for a call that was not sent yet.</param>
    Task<CommandsResult<Unit>> EndSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken);

    /// <summary>Keeps a session from idling out. Never revives one: a session that is unknown there is <see cref="CommandsFailureKind.SessionEnded"/>.</summary>
    /// <param name="commandsSessionId">The session's id on the Commands-Server.</param>
    /// <param name="routerId">The router that the deployed dialect wants named.</param>
    /// <param name="cancellationToken">Ends the waiting for a call that was not sent yet.</param>
    Task<CommandsResult<Unit>> RefreshSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken);

    /// <summary>
    /// Asks the router which rules it holds: the only way to know what is true there. A rule that the list names proves that it is there; that
    /// a rule is absent is proved only by a list that was read whole (<see cref="BlockedReport.IsComplete"/>).
    /// </summary>
    Task<CommandsResult<BlockedReport>> ListBlockedAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Adds a block rule for the device that has this address now. Not idempotent: twice is two rules.</summary>
    Task<CommandsResult<BlockReceipt>> BlockAsync(CommandsTarget target, IPAddress address, CancellationToken cancellationToken);

    /// <summary>Removes one block rule of the device that has this address now. What is not blocked is <see cref="CommandsFailure.MaybeAlreadyUnblocked"/>.</summary>
    Task<CommandsResult<Unit>> UnblockAsync(CommandsTarget target, IPAddress address, CancellationToken cancellationToken);

    /// <summary>Clears all rules of the router.</summary>
    Task<CommandsResult<Unit>> ResetAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Scans the router's network. At most 1,000 devices come back; strings are cleaned of control characters and cut at 255.</summary>
    Task<CommandsResult<ScanReport>> ScanAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Measures the line. <see cref="CommandsFailureKind.NotSupported"/> without a call in the deployed dialect.</summary>
    Task<CommandsResult<SpeedTestReport>> SpeedTestAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Asks for the state of the Wi-Fi.</summary>
    Task<CommandsResult<WifiReport>> GetWifiAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Switches the Wi-Fi on.</summary>
    Task<CommandsResult<Unit>> EnableWifiAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Switches the Wi-Fi off. The deployed dialect answers NOT_IMPLEMENTED: <see cref="CommandsFailureKind.NotSupported"/>.</summary>
    Task<CommandsResult<Unit>> DisableWifiAsync(CommandsTarget target, CancellationToken cancellationToken);

    /// <summary>Sets the Wi-Fi password, which is never logged or traced.</summary>
    Task<CommandsResult<Unit>> SetWifiPasswordAsync(CommandsTarget target, string password, CancellationToken cancellationToken);

    /// <summary>Sets the Wi-Fi name.</summary>
    Task<CommandsResult<Unit>> SetWifiNameAsync(CommandsTarget target, string ssid, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for the addresses on one of the router's two lists: rules without a MAC. As with <see cref="ListBlockedAsync"/>, only a list that was
    /// read whole proves an address absent.
    /// </summary>
    Task<CommandsResult<BlockedReport>> GetListAsync(CommandsTarget target, RouterList list, CancellationToken cancellationToken);

    /// <summary>Puts an address on a list.</summary>
    Task<CommandsResult<Unit>> AddToListAsync(
        CommandsTarget target,
        RouterList list,
        IPAddress address,
        CancellationToken cancellationToken
    );

    /// <summary>Takes an address off a list.</summary>
    Task<CommandsResult<Unit>> RemoveFromListAsync(
        CommandsTarget target,
        RouterList list,
        IPAddress address,
        CancellationToken cancellationToken
    );
}

/// <summary>What every command names: whose session, and which router.</summary>
/// <param name="CommandsSessionId">A session id that PostgreSQL ties to the acting user, or to the server's own maintenance. A credential: never logged.</param>
/// <param name="RouterId">The router agent's own id, checked for ownership by the caller.</param>
/// <param name="Deadline">How long the whole call (mending the session and repeating included) may take, when that is less than the operation's own timeout.</param>
public sealed record CommandsTarget(Guid CommandsSessionId, string RouterId, TimeSpan? Deadline = null)
{
    /// <summary>
    /// Asks whether the call may still be sent, where time went by since it was made: after its session was mended, after a wait for the router's
    /// other calls, and before a repetition. Null: it may; else why not, and nothing is sent. What it throws, the call throws. Where nothing was
    /// waited for, nobody asks.
    /// </summary>
    public Func<CancellationToken, Task<CommandsFailure?>>? Objection { get; init; }

    /// <summary>
    /// How much is left, as the call begins, of the time in which the caller may change the router: the call does not outlast it, and is not sent where
    /// nothing is left. Null: it is not limited.
    /// </summary>
    public Func<TimeSpan>? TimeLeft { get; init; }

    /// <summary>Names the router alone: the session id is a credential.</summary>
    public override string ToString() => $"router {RouterId}";
}

/// <summary>The router's two lists: the bandwidth-limited devices, and the devices that are exempt.</summary>
public enum RouterList
{
    /// <summary>The exempt list (<c>/api/whitelist</c>).</summary>
    Whitelist,

    /// <summary>The bandwidth-limited list (<c>/api/blacklist</c>).</summary>
    Blacklist,
}

/// <summary>A success that brings nothing.</summary>
public readonly record struct Unit;
