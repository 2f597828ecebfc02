using Npgsql;

namespace NetPilot.Routers.Contracts;

/// <summary>
/// One command at a time per router, across replicas. A turn is a lease in PostgreSQL with a fencing number: whoever comes later has a
/// higher one, so that a late answer of an older turn can be told from the present one. Waiting holds no database connection.
/// </summary>
public interface IRouterTurns
{
    /// <summary>
    /// Waits for the router's turn: first come first served within a replica, and no replica goes twice while another waits. Where the
    /// router's last owner left a reset to be done, that is done first, within the turn.
    /// </summary>
    /// <param name="router">
    /// The router and its owner. Whether it is still this owner's is checked again as the turn is granted, since it may have been given up,
    /// and claimed by somebody else, while this waited.
    /// </param>
    /// <param name="callTimeout">How long the calls made in the turn may take; the lease is 5 s longer.</param>
    /// <param name="patience">How long to wait at most. Zero: take it only if it is free.</param>
    /// <param name="read">
    /// What is to be known as soon as the turn is granted. It is read in the same round trip, if others had turns since the caller last looked.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The turn; null when none came in time (503 <c>router_busy</c>), or the router is no longer this owner's. Nothing was sent then.</returns>
    Task<RouterTurn?> TakeAsync(
        OwnedRouter router,
        TimeSpan callTimeout,
        TimeSpan patience,
        ITurnRead? read,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Asks for the router's turn in the transaction that stores what the turn is for. Null: others of this replica wait for the router, and
    /// <see cref="TakeAsync"/> is to be used.
    /// </summary>
    /// <param name="router">The router and its owner, which is checked again as the turn is granted.</param>
    /// <param name="callTimeout">How long the calls made in the turn may take; the lease is 5 s longer.</param>
    /// <returns>The question, which is to be disposed of.</returns>
    ITurnAsk? TryAsk(OwnedRouter router, TimeSpan callTimeout);

    /// <summary>The same as <see cref="TakeAsync"/> for a router that nobody need own: only to run the reset that its last owner left to be done.</summary>
    Task<RouterTurn?> TakeForPendingResetAsync(string routerId, TimeSpan callTimeout, CancellationToken cancellationToken);

    /// <summary>
    /// Lengthens the lease for one more call. False when the turn was lost, or the router is no longer the owner's for whom it was granted: the
    /// holder must not send anything more.
    /// </summary>
    Task<bool> RenewAsync(RouterTurn turn, TimeSpan callTimeout, CancellationToken cancellationToken);

    /// <summary>
    /// What a call within the turn names. It is not sent once the lease is over, and does not outlast it; where it waited, it is asked whether it may
    /// still be sent.
    /// </summary>
    /// <param name="turn">The turn.</param>
    /// <param name="commandsSessionId">The session that the call carries.</param>
    /// <param name="callTimeout">How long the call may take, if that is less than what is left of the lease.</param>
    CommandsTarget TargetOf(RouterTurn turn, Guid commandsSessionId, TimeSpan callTimeout);

    /// <summary>Asks whether a call that waited may still be sent: the turn is held, and the router is still the owner's for whom it was granted.</summary>
    /// <returns>Null: it may be sent; else why not.</returns>
    Task<CommandsFailure?> FindObjectionAsync(RouterTurn turn, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the turn and records, in the same round trip, the activity and what the command saw of the router. Where PostgreSQL is away, that is
    /// tried again for a while in the background; else the turn runs out with its lease.
    /// </summary>
    Task ReleaseAsync(RouterTurn turn, IReadOnlyList<RouterActivity> activities);

    /// <summary>
    /// The same as statements for a batch of the caller's, so that the last outcome of the turn is written in the transaction that ends it. A
    /// batch that fails leaves the turn held, and <see cref="ReleaseAsync"/> is still to be called.
    /// </summary>
    ITurnEnd EndOf(RouterTurn turn, IReadOnlyList<RouterActivity> activities);
}

/// <summary>A statement that is run in the round trip that asks for a turn.</summary>
public interface ITurnRead
{
    /// <summary>The statement, made anew for each question.</summary>
    NpgsqlBatchCommand Command();

    /// <summary>Reads its result: what is true within the turn. It is not called where no turn was granted, or where a reset came first.</summary>
    Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken);
}

/// <summary>
/// A question for a turn, in somebody else's batch. The turn is granted only if it is free, nobody waits for it, no reset is left to be done, and the
/// caller's own statement has set <see cref="Setting"/> to <see cref="Key"/> in the same transaction: so nobody gets a turn for what was not stored.
/// Disposing of it leaves the line, unless the turn was taken.
/// </summary>
public interface ITurnAsk : IDisposable
{
    /// <summary>The name of the setting of the transaction: <c>set_config(Setting, Key, true)</c>.</summary>
    const string Setting = "netpilot.asks";

    /// <summary>What the setting has to be.</summary>
    string Key { get; }

    /// <summary>Adds the statement to a batch, after the caller's own. The batch must not be cancelled: its turn would be held until it runs out.</summary>
    void AddTo(NpgsqlBatch batch);

    /// <summary>Reads the statement's result.</summary>
    Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken);

    /// <summary>
    /// The turn, to be called once the batch is committed. From then on the caller has it, and ends it as one of <see cref="IRouterTurns.TakeAsync"/>.
    /// Null: it was not granted, and the line is left.
    /// </summary>
    RouterTurn? Take();
}

/// <summary>The end of a turn, in somebody else's batch.</summary>
public interface ITurnEnd
{
    /// <summary>Adds the statements to a batch, after the caller's own. A batch whose outcome is unknown may be made again and repeated.</summary>
    void AddTo(NpgsqlBatch batch);

    /// <summary>Whether the turn is over, and must not be released any more.</summary>
    bool IsComplete { get; }

    /// <summary>To be called once the batch is committed.</summary>
    void Complete();
}

/// <summary>Records commands that need no turn.</summary>
public interface IRouterActivityLog
{
    /// <summary>
    /// Records activities and what they saw of their routers, in one round trip. A failure is logged, never thrown; where PostgreSQL is away, it is
    /// tried again for a while in the background.
    /// </summary>
    Task RecordAsync(IReadOnlyList<RouterActivity> activities);
}

/// <summary>One command, as the activity list shows it.</summary>
/// <param name="RouterId">The router.</param>
/// <param name="OwnerId">The router's owner, to whom the entry is shown.</param>
/// <param name="ActorId">The user who asked for it; null for the server's own maintenance.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Target">The address or name that it was about; never a secret; null if there is none.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Code">The failure's code; null on success.</param>
/// <param name="StartedAt">When the call began.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Sighting">What the call says of the router's presence.</param>
public sealed record RouterActivity(
    string RouterId,
    Guid OwnerId,
    Guid? ActorId,
    RouterActivityKind Kind,
    string? Target,
    RouterActivityOutcome Outcome,
    string? Code,
    DateTimeOffset StartedAt,
    TimeSpan Duration,
    RouterSighting Sighting
)
{
    /// <summary>The entry's id: however often it is recorded, it is there once.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7(StartedAt);

    /// <summary>
    /// Whether it is left out where it says nothing new: it ended as the last entry of the same router, actor, kind and target did, or well if there
    /// is none. What it says of the router's presence counts all the same.
    /// </summary>
    public bool OnlyIfNew { get; init; }

    /// <summary>The entry for a call's result.</summary>
    public static RouterActivity Of<T>(
        OwnedRouter router,
        Guid? actorId,
        RouterActivityKind kind,
        string? target,
        CommandsResult<T> result,
        DateTimeOffset startedAt,
        TimeSpan duration
    ) => Of(router.UserId, router.RouterId, actorId, kind, target, result, startedAt, duration);

    /// <summary>The entry for a call's result, for a router of which only the owner is known.</summary>
    public static RouterActivity Of<T>(
        Guid ownerId,
        string routerId,
        Guid? actorId,
        RouterActivityKind kind,
        string? target,
        CommandsResult<T> result,
        DateTimeOffset startedAt,
        TimeSpan duration
    ) =>
        new(
            routerId,
            ownerId,
            actorId,
            kind,
            target,
            result.IsSuccess ? RouterActivityOutcome.Succeeded
                : result.Failure.Effect == CommandEffect.Unknown ? RouterActivityOutcome.Unknown
                : RouterActivityOutcome.Failed,
            result.Failure?.Code,
            startedAt,
            duration,
            result.Router
        );
}

/// <summary>What a command asks of a router. The REST contract has these names in snake_case.</summary>
public enum RouterActivityKind
{
    /// <summary>A device was blocked.</summary>
    Block,

    /// <summary>A device was unblocked.</summary>
    Unblock,

    /// <summary>The router's rules were cleared.</summary>
    Reset,

    /// <summary>The network was scanned.</summary>
    Scan,

    /// <summary>The line was measured.</summary>
    Speedtest,

    /// <summary>The Wi-Fi's state was asked for.</summary>
    WifiStatus,

    /// <summary>The Wi-Fi was switched on.</summary>
    WifiEnable,

    /// <summary>The Wi-Fi was switched off.</summary>
    WifiDisable,

    /// <summary>The Wi-Fi was renamed.</summary>
    WifiSsid,

    /// <summary>The Wi-Fi's password was set.</summary>
    WifiPassword,

    /// <summary>An address was put on the bandwidth-limited list.</summary>
    BlacklistAdd,

    /// <summary>An address was taken off the bandwidth-limited list.</summary>
    BlacklistRemove,

    /// <summary>An address was put on the exempt list.</summary>
    WhitelistAdd,

    /// <summary>An address was taken off the exempt list.</summary>
    WhitelistRemove,

    /// <summary>The user had the rows compared with the router.</summary>
    Sync,

    /// <summary>The server asked the router what became of a command.</summary>
    Settle,

    /// <summary>The server compared the rows with the router.</summary>
    Drift,

    /// <summary>A person was paused.</summary>
    Pause,

    /// <summary>The pause of a person ended.</summary>
    Resume,

    /// <summary>A person got extra time, or lost it.</summary>
    Allow,

    /// <summary>A schedule was changed by a user, or the server began or ended one of its windows.</summary>
    Schedule,
}

/// <summary>How a command ended.</summary>
public enum RouterActivityOutcome
{
    /// <summary>The Commands-Server acknowledged it.</summary>
    Succeeded,

    /// <summary>It surely did not take effect.</summary>
    Failed,

    /// <summary>It may have taken effect.</summary>
    Unknown,
}
