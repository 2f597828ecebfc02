using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Resets;
using Npgsql;

namespace NetPilot.Routers.Features.DeleteRouter;

/// <summary>
/// Gives up routers: first what other modules keep for them, the owner's rows last, so that a repeat after a crash finishes it. What stays
/// is a row that says "reset this router", by which the worker takes the last owner's rules off it.
/// </summary>
internal sealed class RouterRelease(NpgsqlDataSource database, IEnumerable<IRouterDependents> dependents, ResetWorker resets)
{
    private const string Release = """
        WITH gone AS (
            DELETE FROM routers.user_routers WHERE user_id = $1 AND ($2::text IS NULL OR router_id = $2) RETURNING router_id
        ), forgotten AS (
            DELETE FROM routers.router_commands WHERE owner_id = $1 AND router_id IN (SELECT router_id FROM gone)
        ), counted AS (
            UPDATE routers.user_router_counts SET routers = GREATEST(0, routers - (SELECT count(*) FROM gone)) WHERE user_id = $1
        ), unanswered AS (
            -- A repeat of the claim, or of a block, is to be done anew and not answered as before.
            DELETE FROM routers.idempotency_keys
            WHERE user_id = $1 AND CASE
                WHEN split_part(path, '/', 5) <> '' THEN split_part(path, '/', 5) IN (SELECT router_id FROM gone)
                WHEN status BETWEEN 200 AND 299 AND lower(trim(TRAILING '/' FROM path)) = '/api/v1/routers'
                    THEN convert_from(body, 'UTF8')::jsonb ->> 'routerId' IN (SELECT router_id FROM gone)
                ELSE false
            END
        )
        INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at)
        SELECT router_id, moment, 0, moment FROM gone CROSS JOIN clock_timestamp() AS moment ORDER BY router_id
        ON CONFLICT (router_id) DO UPDATE
        SET requested_at = excluded.requested_at, attempts = 0, next_attempt_at = excluded.next_attempt_at, leased_until = NULL,
            refusals = 0, refused_code = NULL
        """;

    /// <summary>Gives up one router and all that is kept for it.</summary>
    public async Task ReleaseAsync(OwnedRouter router, CancellationToken cancellationToken)
    {
        foreach (var dependent in dependents)
        {
            await dependent.DeleteForRouterAsync(router.UserId, router.RouterId, cancellationToken);
        }

        await using var batch = database.CreateBatch();
        batch.With(Release, router.UserId, router.RouterId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        resets.Nudge();
    }

    /// <summary>Gives up all routers of an account that goes; other modules do the same with what they keep for it, before.</summary>
    public async Task ReleaseAllAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch
            .With(Release, userId, null)
            .With("DELETE FROM routers.user_router_counts WHERE user_id = $1", userId)
            .With("DELETE FROM routers.claim_refusals WHERE user_id = $1", userId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        resets.Nudge();
    }
}
