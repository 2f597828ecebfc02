// A lease with a fence: one statement grants the turn, or registers as waiting, and says what the router's last owner left to be done.

namespace NetPilot.Routers.Data.Statements;

/// <param name="Fence">The granted turn's fence; null where somebody else has the turn, or goes first.</param>
/// <param name="ResetIsPending">Whether the router's last owner left a reset to be done.</param>
/// <param name="IsOwned">Whether the router is the owner's who asked.</param>
internal sealed record AskedTurn(long? Fence, bool ResetIsPending, bool IsOwned);

internal static class AskForTurn
{
    /// <summary>For how long a replica counts as waiting after it asked.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(2);

    // A time that lies ahead is from a clock that was set back: a replica that still waits writes another one at once.
    private const string IsWaiting =
        "other.seen_at BETWEEN clock_timestamp() - interval '2 seconds' AND clock_timestamp() + interval '1 hour'";

    // Ranks waiting replicas by (went last, since): none goes twice while another waits, and else the one that waits longest goes.
    private const string Sql = $"""
        WITH granted AS (
            INSERT INTO routers.router_turns AS turn (router_id, fence, lease_until, last_replica)
            SELECT $1, 1, clock_timestamp() + $2, $3
            WHERE $5::uuid IS NULL OR EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $1 AND user_id = $5)
            ON CONFLICT (router_id) DO UPDATE
            SET fence = turn.fence + 1, lease_until = clock_timestamp() + $2, last_replica = $3
            WHERE (turn.lease_until IS NULL OR turn.lease_until <= clock_timestamp())
              AND NOT EXISTS (
                SELECT 1 FROM routers.router_turn_waiters other
                WHERE other.router_id = $1 AND other.replica <> $3 AND {IsWaiting}
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

    private const string SqlOfBatch = $"""
        INSERT INTO routers.router_turns AS turn (router_id, fence, lease_until, last_replica)
        SELECT $1, 1, clock_timestamp() + $2, $3
        WHERE current_setting('{ITurnAsk.Setting}', true) = $5
          AND EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $1 AND user_id = $4)
          AND NOT EXISTS (SELECT 1 FROM routers.pending_resets WHERE router_id = $1)
          AND NOT EXISTS (
            SELECT 1 FROM routers.router_turn_waiters other
            WHERE other.router_id = $1 AND other.replica <> $3 AND {IsWaiting})
        ON CONFLICT (router_id) DO UPDATE
        SET fence = turn.fence + 1, lease_until = clock_timestamp() + $2, last_replica = $3
        WHERE turn.lease_until IS NULL OR turn.lease_until <= clock_timestamp()
        RETURNING fence
        """;

    /// <summary>Asks once for the turn of a router, which must be this owner's if one is named; registers to wait in line if it is not granted.</summary>
    /// <remarks>What is read besides is read by a statement of its own, which sees all that was committed before the turn was granted.</remarks>
    public static async Task<AskedTurn> ExecuteAsync(
        NpgsqlDataSource database,
        string routerId,
        Guid? ownerId,
        TimeSpan lease,
        Guid replica,
        bool register,
        ITurnRead? read,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database.CreateBatch().With(Sql, routerId, lease, replica, register, ownerId);
        if (read is not null)
        {
            batch.BatchCommands.Add(read.Command());
        }

        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var asked = new AskedTurn(row.Nullable<long?>(0), row.GetBoolean(1), row.GetBoolean(2));
        if (read is not null && asked is { Fence: not null, ResetIsPending: false })
        {
            await row.NextAsync(cancellationToken);
            await read.ReadAsync(row, cancellationToken);
        }

        return asked;
    }

    /// <summary>Asks once, in a batch, if the batch has set the key. What is not free at once is left to <see cref="ExecuteAsync"/>.</summary>
    public static void AddTo(NpgsqlBatch batch, OwnedRouter router, TimeSpan lease, Guid replica, string key) =>
        batch.With(SqlOfBatch, router.RouterId, lease, replica, router.UserId, key);

    /// <summary>
    /// Leaves the line. A lease that is longer than any, from a clock that ran ahead, becomes as long as one from now: whoever has the turn may still
    /// be at work.
    /// </summary>
    public static async Task ForgetAsync(
        NpgsqlDataSource database,
        string routerId,
        TimeSpan lease,
        Guid replica,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database
            .CreateBatch()
            .With("DELETE FROM routers.router_turn_waiters WHERE router_id = $1 AND replica = $2", routerId, replica)
            .With(
                """
                UPDATE routers.router_turns SET lease_until = clock_timestamp() + $2
                WHERE router_id = $1 AND lease_until > clock_timestamp() + $2 + interval '1 hour'
                """,
                routerId,
                lease
            );
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
