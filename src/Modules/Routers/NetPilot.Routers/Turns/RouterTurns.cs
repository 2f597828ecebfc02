using System.Diagnostics;

namespace NetPilot.Routers.Turns;

/// <summary>
/// Turns as leases in PostgreSQL. The head of this replica's queue asks for the lease with one statement, and where another replica holds
/// it, registers as waiting and asks again at growing intervals. Between two questions it holds no connection.
/// </summary>
internal sealed class RouterTurns(NpgsqlDataSource database, TimeProvider time, PendingResets pendingResets, LateRecords records)
    : IRouterTurns
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(250);

    private readonly Guid replica = time.NewId();
    private readonly TurnQueues queues = new();

    public Task<RouterTurn?> TakeAsync(
        OwnedRouter router,
        TimeSpan callTimeout,
        TimeSpan patience,
        ITurnRead? read,
        CancellationToken cancellationToken
    ) => TakeAsync(router.RouterId, router.UserId, callTimeout, patience, read, cancellationToken);

    public ITurnAsk? TryAsk(OwnedRouter router, TimeSpan callTimeout) =>
        queues.TryEnter(router.RouterId) ? new TurnAsk(router, callTimeout, replica, queues, time) : null;

    public Task<RouterTurn?> TakeForPendingResetAsync(string routerId, TimeSpan callTimeout, CancellationToken cancellationToken) =>
        TakeAsync(routerId, null, callTimeout, TimeSpan.Zero, null, cancellationToken);

    private async Task<RouterTurn?> TakeAsync(
        string routerId,
        Guid? ownerId,
        TimeSpan callTimeout,
        TimeSpan patience,
        ITurnRead? read,
        CancellationToken cancellationToken
    )
    {
        var started = Stopwatch.GetTimestamp();
        var entering = queues.EnterAsync(routerId, patience, cancellationToken);
        var isFirst = entering.IsCompleted;
        if (!await entering)
        {
            return null;
        }

        RouterTurn? turn = null;
        try
        {
            turn = await AskUntilGrantedAsync(routerId, ownerId, callTimeout, patience, started, read, isFirst, cancellationToken);
            return turn;
        }
        finally
        {
            if (turn is null)
            {
                queues.Exit(routerId);
            }
        }
    }

    public Task<bool> RenewAsync(RouterTurn turn, TimeSpan callTimeout, CancellationToken cancellationToken) =>
        turn.RenewAsync(new LeaseTime(time, callTimeout), lease => TurnLease.RenewAsync(database, turn, lease.Length, cancellationToken));

    public Task<CommandsFailure?> FindObjectionAsync(RouterTurn turn, CancellationToken cancellationToken) =>
        TurnLease.FindObjectionAsync(database, turn, cancellationToken);

    public CommandsTarget TargetOf(RouterTurn turn, Guid commandsSessionId, TimeSpan callTimeout) =>
        new(commandsSessionId, turn.RouterId, callTimeout)
        {
            Objection = token => FindObjectionAsync(turn, token),
            TimeLeft = () => turn.Left,
        };

    public async Task ReleaseAsync(RouterTurn turn, IReadOnlyList<RouterActivity> activities)
    {
        try
        {
            await records.WriteAsync(turn.RouterId, EndOf(turn, activities).AddTo);
        }
        finally
        {
            queues.Exit(turn.RouterId);
        }
    }

    public ITurnEnd EndOf(RouterTurn turn, IReadOnlyList<RouterActivity> activities) => new TurnEnd(turn, [.. activities], queues);

    private async Task<RouterTurn?> AskUntilGrantedAsync(
        string routerId,
        Guid? ownerId,
        TimeSpan callTimeout,
        TimeSpan patience,
        long started,
        ITurnRead? read,
        bool isFirst,
        CancellationToken cancellationToken
    )
    {
        var rest = FirstRest;
        for (; ; isFirst = false)
        {
            var remaining = patience - Stopwatch.GetElapsedTime(started);
            var lease = new LeaseTime(time, callTimeout);
            AskedTurn asked;
            bool waits;
            try
            {
                asked = await AskForTurn.ExecuteAsync(
                    database,
                    routerId,
                    ownerId,
                    lease.Length,
                    replica,
                    register: remaining > TimeSpan.Zero,
                    isFirst ? null : read,
                    cancellationToken
                );
                waits = asked is { Fence: null, IsOwned: true } && remaining > TimeSpan.Zero;
                if (waits)
                {
                    // Leases run by PostgreSQL's clock, so the waiting for them is real time whatever TimeProvider says.
                    await Task.Delay(rest < remaining ? rest : remaining, cancellationToken);
                }
            }
            catch
            {
                await LeaveLineAsync(routerId, callTimeout);
                throw;
            }

            if (asked.Fence is { } fence)
            {
                var turn = new RouterTurn(routerId, fence, replica, lease) { OwnerId = ownerId, BeganWithReset = asked.ResetIsPending };
                return !asked.ResetIsPending || await ResetFirstAsync(turn, callTimeout, patience, started) ? turn : null;
            }

            if (!waits)
            {
                await AskForTurn.ForgetAsync(database, routerId, lease.Length, replica, CancellationToken.None);
                return null;
            }

            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }
    }

    // A question that failed can have registered all the same. A registration counts for two seconds, and is worth no longer wait for PostgreSQL.
    private async Task LeaveLineAsync(string routerId, TimeSpan callTimeout)
    {
        using var limit = new CancellationTokenSource(AskForTurn.LongestSilence);
        try
        {
            await AskForTurn.ForgetAsync(database, routerId, LeaseTime.LengthFor(callTimeout), replica, limit.Token);
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or NpgsqlException || DatabaseFailures.IsUnavailable(exception))
        {
            // The failure of the question is what the caller is told.
        }
    }

    /// <summary>Whether the turn may go on to its own command. If not, it is over.</summary>
    private async Task<bool> ResetFirstAsync(RouterTurn turn, TimeSpan callTimeout, TimeSpan patience, long started)
    {
        var wasReset = await RunPendingResetAsync(turn, callTimeout, isAwaited: patience > TimeSpan.Zero);
        if (wasReset && turn.OwnerId is not null && Stopwatch.GetElapsedTime(started) > patience && patience > TimeSpan.Zero)
        {
            // The reset took the time that was left for the command itself.
            await GiveBackAsync(turn);
            return false;
        }

        return wasReset;
    }

    // The last owner's rules go before the first command of the present one. While the router can't be reached, nobody's command can be sent.
    private async Task<bool> RunPendingResetAsync(RouterTurn turn, TimeSpan callTimeout, bool isAwaited)
    {
        var done = false;
        try
        {
            done =
                await pendingResets.RunAsync(turn, this, isAwaited, CancellationToken.None)
                && await RenewAsync(turn, callTimeout, CancellationToken.None);
            return done;
        }
        finally
        {
            if (!done)
            {
                await GiveBackAsync(turn);
            }
        }
    }

    private async Task GiveBackAsync(RouterTurn turn)
    {
        await using var batch = database.CreateBatch();
        TurnLease.AddEndTo(batch, turn);
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private sealed class TurnEnd(RouterTurn turn, RouterActivity[] activities, TurnQueues queues) : ITurnEnd
    {
        public void AddTo(NpgsqlBatch batch)
        {
            TurnLease.AddEndTo(batch, turn);
            RecordActivities.AddTo(batch, activities);
        }

        public bool IsComplete { get; private set; }

        public void Complete()
        {
            IsComplete = true;
            queues.Exit(turn.RouterId);
        }
    }
}
