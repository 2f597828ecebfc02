// Dependent steps in one statement: what goes, what is counted and what is left to be reset are the same routers.

namespace NetPilot.Routers.Data.Statements;

internal static class ReleaseRouters
{
    private const string Sql = """
        WITH gone AS (
            DELETE FROM routers.user_routers WHERE user_id = $1 AND ($2::text IS NULL OR router_id = $2) RETURNING router_id
        ), forgotten AS (
            DELETE FROM routers.router_commands WHERE owner_id = $1 AND router_id = ANY (ARRAY(SELECT router_id FROM gone))
        ), counted AS (
            UPDATE routers.user_router_counts SET routers = GREATEST(0, routers - (SELECT count(*) FROM gone)) WHERE user_id = $1
        )
        INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at)
        SELECT router_id, moment, 0, moment FROM gone CROSS JOIN clock_timestamp() AS moment ORDER BY router_id
        ON CONFLICT (router_id) DO UPDATE
        SET requested_at = excluded.requested_at, attempts = 0, next_attempt_at = excluded.next_attempt_at, leased_until = NULL,
            refusals = 0, refused_code = NULL
        """;

    /// <summary>Gives up a router of the user, or all of them, with its activity; a reset of each is left to be done.</summary>
    public static void AddTo(NpgsqlBatch batch, Guid userId, string? routerId) => batch.With(Sql, userId, routerId);
}
