using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Turns;
using Npgsql;

namespace NetPilot.Routers.Resets;

/// <summary>
/// Takes the last owner's rules off a router that was given up, in the server's own name. The row goes when the reset is acknowledged, in
/// the same turn, so that none runs after a command of the next owner; an unknown outcome is tried again, since a reset may run twice.
/// </summary>
internal sealed partial class PendingResets(
    NpgsqlDataSource database,
    ICommandsClient client,
    IMaintenanceSession maintenance,
    IOptions<CommandsServerOptions> options,
    IOptions<ResetOptions> resetOptions,
    TimeProvider time,
    ILogger<PendingResets> logger
) : IPendingResets
{
    public static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);

    public async Task<bool> RunAsync(RouterTurn turn, CancellationToken cancellationToken)
    {
        if (await FindAsync(turn.RouterId, cancellationToken) is not { } pending)
        {
            return true;
        }

        if (pending.RequestedAt + GivenUpAfter <= time.GetUtcNow())
        {
            Log.GivenUp(logger, turn.RouterId, pending.Attempts);
            await ForgetAsync(turn.RouterId, pending, [], cancellationToken);
            return true;
        }

        var session = await maintenance.GetCommandsSessionIdAsync(cancellationToken);
        var target = new CommandsTarget(session, turn.RouterId, options.Value.Timeouts.Command);
        var startedAt = time.UtcNow();
        var started = time.GetTimestamp();
        var result = await client.ResetAsync(target, cancellationToken);
        var duration = time.GetElapsedTime(started);
        // The last owner's list has gone with the claim; the next owner's says what was waited for.
        RouterActivity[] activities = pending.NextOwnerId is { } owner
            ? [RouterActivity.Of(owner, turn.RouterId, null, RouterActivityKind.Reset, null, result, startedAt, duration)]
            : [];
        if (result.IsSuccess)
        {
            Log.Done(logger, turn.RouterId);
            await ForgetAsync(turn.RouterId, pending, activities, CancellationToken.None);
            return true;
        }

        var wait = BackoffAfter(pending.Attempts);
        Log.Failed(logger, turn.RouterId, result.Failure.Code, wait);
        await PostponeAsync(turn.RouterId, pending, wait, activities, CancellationToken.None);
        return false;
    }

    private TimeSpan BackoffAfter(int attempts)
    {
        var wait = resetOptions.Value.SweepInterval * Math.Pow(2, Math.Min(attempts, 20));
        return wait < LongestBackoff ? wait : LongestBackoff;
    }

    private async Task<Pending?> FindAsync(string routerId, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            SELECT requested_at, attempts, user_id
            FROM routers.pending_resets LEFT JOIN routers.user_routers USING (router_id) WHERE router_id = $1
            """,
            routerId
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new Pending(row.GetFieldValue<DateTimeOffset>(0), row.GetInt32(1), row.Nullable<Guid?>(2))
            : null;
    }

    // A row that was renewed meanwhile belongs to a later owner, and stays.
    private async Task ForgetAsync(
        string routerId,
        Pending pending,
        IReadOnlyList<RouterActivity> activities,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database.CreateBatch();
        batch.With("DELETE FROM routers.pending_resets WHERE router_id = $1 AND requested_at = $2", routerId, pending.RequestedAt);
        ActivitySql.AddTo(batch, activities, time);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task PostponeAsync(
        string routerId,
        Pending pending,
        TimeSpan wait,
        IReadOnlyList<RouterActivity> activities,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database.CreateBatch();
        batch.With(
            """
            UPDATE routers.pending_resets SET attempts = attempts + 1, next_attempt_at = $3, leased_until = NULL
            WHERE router_id = $1 AND requested_at = $2
            """,
            routerId,
            pending.RequestedAt,
            time.UtcNow() + wait
        );
        ActivitySql.AddTo(batch, activities, time);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Pending(DateTimeOffset RequestedAt, int Attempts, Guid? NextOwnerId);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Router {RouterId} was given up, and its rules are cleared now")]
        public static partial void Done(ILogger logger, string routerId);

        [LoggerMessage(LogLevel.Information, "Router {RouterId} was given up and could not be reset ({Code}); tried again in {Wait}")]
        public static partial void Failed(ILogger logger, string routerId, string code, TimeSpan wait);

        [LoggerMessage(
            LogLevel.Warning,
            "Router {RouterId} could not be reset within a day ({Attempts} attempts) and keeps the rules of its last owner"
        )]
        public static partial void GivenUp(ILogger logger, string routerId, int attempts);
    }
}
