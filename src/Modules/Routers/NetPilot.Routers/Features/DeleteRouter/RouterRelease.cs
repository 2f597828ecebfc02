using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using Npgsql;

namespace NetPilot.Routers.Features.DeleteRouter;

/// <summary>
/// Gives up routers: first what other modules keep for them, the owner's rows last, so that a repeat after a crash finishes it. What stays
/// is a row that says "reset this router", by which the worker takes the last owner's rules off it.
/// </summary>
internal sealed class RouterRelease(NpgsqlDataSource database, IEnumerable<IRouterDependents> dependents, TimeProvider time)
{
    private const string Release = """
        WITH gone AS (
            DELETE FROM routers.user_routers WHERE user_id = $1 AND router_id = ANY ($2) RETURNING router_id
        ), forgotten AS (
            DELETE FROM routers.router_commands WHERE owner_id = $1 AND router_id = ANY ($2)
        ), counted AS (
            UPDATE routers.user_router_counts SET routers = GREATEST(0, routers - (SELECT count(*) FROM gone)) WHERE user_id = $1
        )
        INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at)
        SELECT router_id, $3, 0, $3 FROM gone ORDER BY router_id
        ON CONFLICT (router_id) DO UPDATE
        SET requested_at = excluded.requested_at, attempts = 0, next_attempt_at = excluded.next_attempt_at, leased_until = NULL
        """;

    public async Task ReleaseAsync(OwnedRouter router, CancellationToken cancellationToken)
    {
        foreach (var dependent in dependents)
        {
            await dependent.DeleteForRouterAsync(router.UserId, router.RouterId, cancellationToken);
        }

        await ReleaseRowsAsync(router.UserId, [router.RouterId], cancellationToken);
    }

    /// <summary>The module's own rows of these routers, in one round trip.</summary>
    public async Task ReleaseRowsAsync(Guid userId, string[] routerIds, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Release);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = userId });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = routerIds });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.UtcNow() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
