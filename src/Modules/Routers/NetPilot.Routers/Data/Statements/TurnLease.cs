// A lease, by PostgreSQL's clock and under its fence. It ends in the batch that records what was done in the turn. A failover that lost the last
// transactions grants a fence again, so that the holder counts too.

namespace NetPilot.Routers.Data.Statements;

internal static class TurnLease
{
    private const string IsHeld = "router_id = $1 AND fence = $2 AND last_replica = $4";
    private const string IsOwned = "($3::uuid IS NULL OR EXISTS (SELECT FROM routers.user_routers WHERE router_id = $1 AND user_id = $3))";

    /// <summary>Lengthens the lease. False when the turn was lost, or the router is no longer its owner's.</summary>
    public static async Task<bool> RenewAsync(
        NpgsqlDataSource database,
        RouterTurn turn,
        TimeSpan lease,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"UPDATE routers.router_turns SET lease_until = clock_timestamp() + $5 WHERE {IsHeld} AND {IsOwned}",
            turn.RouterId,
            turn.Fence,
            turn.OwnerId,
            turn.Replica,
            lease
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Null: the turn is held, and the router is its owner's.</summary>
    public static async Task<CommandsFailure?> FindObjectionAsync(
        NpgsqlDataSource database,
        RouterTurn turn,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"SELECT {IsOwned}, EXISTS (SELECT FROM routers.router_turns WHERE {IsHeld})",
            turn.RouterId,
            turn.Fence,
            turn.OwnerId,
            turn.Replica
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var (isOwned, isHeld) = (row.GetBoolean(0), row.GetBoolean(1));
        return !isOwned ? RouterRequests.RouterGone
            : !isHeld ? RouterTurn.IsOver
            : null;
    }

    public static void AddEndTo(NpgsqlBatch batch, RouterTurn turn) =>
        batch.With(
            "UPDATE routers.router_turns SET lease_until = NULL WHERE router_id = $1 AND fence = $2 AND last_replica = $3",
            turn.RouterId,
            turn.Fence,
            turn.Replica
        );
}
