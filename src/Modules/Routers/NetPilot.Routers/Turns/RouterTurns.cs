using System.Diagnostics;
using Microsoft.Extensions.Logging;
using NetPilot.Persistence;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Routers.Turns;

/// <summary>
/// Turns as leases in PostgreSQL. The head of this replica's queue asks for the lease with one statement, and where another replica holds
/// it, registers as waiting and asks again at growing intervals. Between two questions it holds no connection.
/// </summary>
internal sealed partial class RouterTurns(
    NpgsqlDataSource database,
    TimeProvider time,
    Lazy<IPendingResets> pendingResets,
    ILogger<RouterTurns> logger
) : IRouterTurns
{
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(250);

    // Ranks waiting replicas by (went last, since): none goes twice while another waits, and else the one that waits longest goes.
    private const string AskSql = """
        WITH granted AS (
            INSERT INTO routers.router_turns AS turn (router_id, fence, lease_until, last_replica)
            SELECT $1, 1, clock_timestamp() + $2, $3
            WHERE $5::uuid IS NULL OR EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $1 AND user_id = $5)
            ON CONFLICT (router_id) DO UPDATE
            SET fence = turn.fence + 1, lease_until = clock_timestamp() + $2, last_replica = $3
            WHERE (turn.lease_until IS NULL OR turn.lease_until <= clock_timestamp())
              AND NOT EXISTS (
                SELECT 1 FROM routers.router_turn_waiters other
                WHERE other.router_id = $1 AND other.replica <> $3 AND other.seen_at > clock_timestamp() - interval '2 seconds'
                  AND (other.replica = turn.last_replica, other.since) < (
                    $3 = turn.last_replica,
                    COALESCE((SELECT mine.since FROM routers.router_turn_waiters mine WHERE mine.router_id = $1 AND mine.replica = $3), 'infinity')))
            RETURNING fence
        ), registered AS (
            INSERT INTO routers.router_turn_waiters AS waiter (router_id, replica, since, seen_at)
            SELECT $1, $3, clock_timestamp(), clock_timestamp() WHERE $4 AND NOT EXISTS (SELECT 1 FROM granted)
            ON CONFLICT (router_id, replica) DO UPDATE SET seen_at = clock_timestamp()
        ), forgotten AS (
            DELETE FROM routers.router_turn_waiters WHERE router_id = $1 AND replica = $3 AND EXISTS (SELECT 1 FROM granted)
        )
        SELECT (SELECT fence FROM granted), EXISTS (SELECT 1 FROM routers.pending_resets WHERE router_id = $1),
               $5::uuid IS NULL OR EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $1 AND user_id = $5)
        """;

    private const string GiveBack = "UPDATE routers.router_turns SET lease_until = NULL WHERE router_id = $1 AND fence = $2";

    private readonly Guid replica = time.NewId();
    private readonly TurnQueues queues = new();

    public Task<RouterTurn?> TakeAsync(OwnedRouter router, TimeSpan callTimeout, TimeSpan patience, CancellationToken cancellationToken) =>
        TakeAsync(router.RouterId, router.UserId, callTimeout, patience, cancellationToken);

    public Task<RouterTurn?> TakeForPendingResetAsync(string routerId, TimeSpan callTimeout, CancellationToken cancellationToken) =>
        TakeAsync(routerId, null, callTimeout, TimeSpan.Zero, cancellationToken);

    private async Task<RouterTurn?> TakeAsync(
        string routerId,
        Guid? ownerId,
        TimeSpan callTimeout,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var started = Stopwatch.GetTimestamp();
        if (!await queues.EnterAsync(routerId, patience, cancellationToken))
        {
            return null;
        }

        RouterTurn? turn = null;
        try
        {
            turn = await AskUntilGrantedAsync(routerId, ownerId, callTimeout, patience, started, cancellationToken);
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

    public async Task<bool> RenewAsync(RouterTurn turn, TimeSpan callTimeout, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            "UPDATE routers.router_turns SET lease_until = clock_timestamp() + $3 WHERE router_id = $1 AND fence = $2",
            turn.RouterId,
            turn.Fence,
            callTimeout + LeaseMargin
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task ReleaseAsync(RouterTurn turn, IReadOnlyList<RouterActivity> activities, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = database.CreateBatch();
            batch.With(GiveBack, turn.RouterId, turn.Fence);
            ActivitySql.AddTo(batch, activities, time);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            Log.ReleaseFailed(logger, turn.RouterId, turn.Fence, exception.Message);
        }
        finally
        {
            queues.Exit(turn.RouterId);
        }
    }

    private async Task<RouterTurn?> AskUntilGrantedAsync(
        string routerId,
        Guid? ownerId,
        TimeSpan callTimeout,
        TimeSpan patience,
        long started,
        CancellationToken cancellationToken
    )
    {
        var rest = FirstRest;
        while (true)
        {
            var remaining = patience - Stopwatch.GetElapsedTime(started);
            var answer = await AskAsync(routerId, ownerId, callTimeout, remaining > TimeSpan.Zero, cancellationToken);
            if (answer.Fence is { } granted)
            {
                var turn = new RouterTurn(routerId, granted);
                if (!answer.ResetIsPending)
                {
                    return turn;
                }

                var wasReset = await RunPendingResetAsync(turn, ownerId, callTimeout, cancellationToken);
                if (wasReset && ownerId is not null && Stopwatch.GetElapsedTime(started) > patience && patience > TimeSpan.Zero)
                {
                    // The reset took the time that was left for the command itself.
                    await GiveBackAsync(turn);
                    return null;
                }

                return wasReset ? turn : null;
            }

            if (remaining <= TimeSpan.Zero || !answer.IsOwned)
            {
                await ForgetAsync(routerId);
                return null;
            }

            try
            {
                // Leases run by PostgreSQL's clock, so the waiting for them is real time whatever TimeProvider says.
                await Task.Delay(rest < remaining ? rest : remaining, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await ForgetAsync(routerId);
                throw;
            }

            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }
    }

    private async Task<Answer> AskAsync(
        string routerId,
        Guid? ownerId,
        TimeSpan callTimeout,
        bool register,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(AskSql, routerId, callTimeout + LeaseMargin, replica, register, ownerId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Answer(reader.IsDBNull(0) ? null : reader.GetInt64(0), reader.GetBoolean(1), reader.GetBoolean(2));
    }

    // The last owner's rules go before the first command of the present one. While the router can't be reached, nobody's command can be sent.
    private async Task<bool> RunPendingResetAsync(RouterTurn turn, Guid? ownerId, TimeSpan callTimeout, CancellationToken cancellationToken)
    {
        var done = false;
        try
        {
            done =
                await pendingResets.Value.RunAsync(turn, ownerId, Renew, CancellationToken.None)
                && await Renew(callTimeout)
                && await IsStillOwnedAsync(turn.RouterId, ownerId, cancellationToken);
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
        await using var command = database.Command(GiveBack, turn.RouterId, turn.Fence);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task ForgetAsync(string routerId)
    {
        await using var command = database.Command(
            "DELETE FROM routers.router_turn_waiters WHERE router_id = $1 AND replica = $2",
            routerId,
            replica
        );
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task<bool> IsStillOwnedAsync(string routerId, Guid? ownerId, CancellationToken cancellationToken)
    {
        if (ownerId is null)
        {
            return true;
        }

        await using var command = database.Command(
            "SELECT EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $1 AND user_id = $2)",
            routerId,
            ownerId.Value
        );
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private sealed record Answer(long? Fence, bool ResetIsPending, bool IsOwned);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The turn {Fence} of router {RouterId} could not be released and runs out by itself: {Reason}")]
        public static partial void ReleaseFailed(ILogger logger, string routerId, long fence, string reason);
    }
}
