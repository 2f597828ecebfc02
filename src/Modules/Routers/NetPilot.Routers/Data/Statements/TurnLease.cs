// A lease, by PostgreSQL's clock and under its fence. It ends in the batch that records what was done in the turn.
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Routers.Data.Statements;

internal static class TurnLease
{
    /// <summary>Lengthens the lease. False when the turn was lost.</summary>
    public static async Task<bool> RenewAsync(
        NpgsqlDataSource database,
        RouterTurn turn,
        TimeSpan lease,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            "UPDATE routers.router_turns SET lease_until = clock_timestamp() + $3 WHERE router_id = $1 AND fence = $2",
            turn.RouterId,
            turn.Fence,
            lease
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public static void AddEndTo(NpgsqlBatch batch, RouterTurn turn) =>
        batch.With("UPDATE routers.router_turns SET lease_until = NULL WHERE router_id = $1 AND fence = $2", turn.RouterId, turn.Fence);
}
