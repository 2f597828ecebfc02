// Steps of a larger batch: activities, and what they saw of the router, are written in the round trip that ends a turn.

namespace NetPilot.Routers.Data.Statements;

internal static class RecordActivities
{
    private const string Insert = """
        INSERT INTO routers.router_commands (id, owner_id, user_id, router_id, kind, target, outcome, code, started_at, duration_ms)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
        WHERE EXISTS (SELECT 1 FROM routers.user_routers WHERE router_id = $4 AND user_id = $2)
        """;

    private const string Once = " ON CONFLICT (id) DO NOTHING";

    private const string IfNew = """
         AND NOT COALESCE(
            (SELECT last.outcome = $7 AND last.code IS NOT DISTINCT FROM $8 FROM routers.router_commands AS last
             WHERE last.router_id = $4 AND last.kind = $5 AND last.owner_id = $2
               AND last.user_id IS NOT DISTINCT FROM $3 AND last.target IS NOT DISTINCT FROM $6
             ORDER BY last.started_at DESC, last.id DESC LIMIT 1),
            $7 = 'succeeded')
        """;

    /// <param name="batch">The batch.</param>
    /// <param name="activities">What is recorded. Each is recorded once, so that a batch may be repeated.</param>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyList<RouterActivity> activities)
    {
        foreach (var activity in activities)
        {
            batch.With(
                activity.OnlyIfNew ? Insert + IfNew + Once : Insert + Once,
                activity.Id,
                activity.OwnerId,
                activity.ActorId,
                activity.RouterId,
                SnakeCase.Of(activity.Kind),
                activity.Target,
                SnakeCase.Of(activity.Outcome),
                activity.Code,
                activity.StartedAt.ToMicroseconds(),
                (int)Math.Min(int.MaxValue, activity.Duration.TotalMilliseconds)
            );
        }

        // The last word of a command about the router's presence is the one that counts. A record can be written late: what it says against the router
        // does not count if the router was seen since. A time that lies far ahead is from a clock that was set back.
        if (activities.LastOrDefault(activity => activity.Sighting is not RouterSighting.None) is { } seen)
        {
            var reachability = ReachabilityOf(seen.Sighting);
            batch.With(
                """
                UPDATE routers.user_routers
                SET reachability = $3,
                    last_seen_at = CASE WHEN $4 AND (last_seen_at BETWEEN $5 AND $5 + interval '1 hour') IS NOT TRUE THEN $5 ELSE last_seen_at END
                WHERE router_id = $1 AND user_id = $2 AND ($4 OR (last_seen_at BETWEEN $5 AND $5 + interval '1 hour') IS NOT TRUE)
                """,
                seen.RouterId,
                seen.OwnerId,
                SnakeCase.Of(reachability),
                reachability is Reachability.Online,
                (seen.StartedAt + seen.Duration).ToMicroseconds()
            );
        }
    }

    // A router that was online and shows no sign of life any more is not known to be either.
    private static Reachability ReachabilityOf(RouterSighting sighting) =>
        sighting switch
        {
            RouterSighting.Present => Reachability.Online,
            RouterSighting.Absent => Reachability.Offline,
            _ => Reachability.Unknown,
        };
}
