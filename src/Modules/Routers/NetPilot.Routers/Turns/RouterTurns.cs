using System.Diagnostics;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Resets;

namespace NetPilot.Routers.Turns;

/// <summary>
/// Turns as leases in PostgreSQL. The head of this replica's queue asks for the lease with one statement, and where another replica holds
/// it, registers as waiting and asks again at growing intervals. Between two questions it holds no connection.
/// </summary>
internal sealed class RouterTurns(NpgsqlDataSource database, TimeProvider time, PendingResets pendingResets, LateRecords records)
    : IRouterTurns
{
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);
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
        queues.TryEnter(router.RouterId) ? new TurnAsk(router, callTimeout + LeaseMargin, replica, queues) : null;

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
        TurnLease.RenewAsync(database, turn, callTimeout + LeaseMargin, cancellationToken);

    public Task<CommandsFailure?> FindObjectionAsync(RouterTurn turn, CancellationToken cancellationToken) =>
        TurnLease.FindObjectionAsync(database, turn, cancellationToken);

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
            var asked = await AskForTurn.ExecuteAsync(
                database,
                routerId,
                ownerId,
                callTimeout + LeaseMargin,
                replica,
                register: remaining > TimeSpan.Zero,
                isFirst ? null : read,
                cancellationToken
            );
            if (asked.Fence is { } granted)
            {
                var turn = new RouterTurn(routerId, granted) { OwnerId = ownerId };
                if (!asked.ResetIsPending)
                {
                    return turn;
                }

                var wasReset = await RunPendingResetAsync(turn, ownerId, callTimeout);
                if (wasReset && ownerId is not null && Stopwatch.GetElapsedTime(started) > patience && patience > TimeSpan.Zero)
                {
                    // The reset took the time that was left for the command itself.
                    await GiveBackAsync(turn);
                    return null;
                }

                return wasReset ? turn : null;
            }

            if (remaining <= TimeSpan.Zero || !asked.IsOwned)
            {
                await AskForTurn.ForgetAsync(database, routerId, callTimeout + LeaseMargin, replica);
                return null;
            }

            try
            {
                // Leases run by PostgreSQL's clock, so the waiting for them is real time whatever TimeProvider says.
                await Task.Delay(rest < remaining ? rest : remaining, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await AskForTurn.ForgetAsync(database, routerId, callTimeout + LeaseMargin, replica);
                throw;
            }

            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }
    }

    // The last owner's rules go before the first command of the present one. While the router can't be reached, nobody's command can be sent.
    private async Task<bool> RunPendingResetAsync(RouterTurn turn, Guid? ownerId, TimeSpan callTimeout)
    {
        var done = false;
        try
        {
            done = await pendingResets.RunAsync(turn, ownerId, Renew, CancellationToken.None) && await Renew(callTimeout);
            return done;
        }
        finally
        {
            if (!done)
            {
                await GiveBackAsync(turn);
            }
        }

        Task<bool> Renew(TimeSpan timeout) => RenewAsync(turn, timeout, CancellationToken.None);
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
