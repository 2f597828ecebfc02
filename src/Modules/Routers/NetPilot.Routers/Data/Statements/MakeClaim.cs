// A counter that makes the tier's limit exact, and a claim that only one of many makes: one statement decides and writes.
using NetPilot.Routers.Features;

namespace NetPilot.Routers.Data.Statements;

/// <summary>What a claim is made with.</summary>
/// <param name="Address">From where, as refusals are counted.</param>
/// <param name="MaxRefusals">How often an hour the user may be told that a router is taken.</param>
internal sealed record RouterClaim(Guid UserId, IPAddress Address, string RouterId, string Name, int MaxRouters, int MaxRefusals);

internal static class MakeClaim
{
    private const string TooManyRefusals = "Too many claims of routers that are taken; try again later.";

    // Which refusals count. One that lies ahead was written by a clock that was set back since.
    private const string IsRecent = "at > $4 - interval '1 hour' AND at <= $4 + interval '1 minute'";

    // The counter row is where a user's concurrent claims queue, and the unique index is where all users' claims of one router do. Both are
    // looked at as of the statement's start, so a claim that was overtaken by another meanwhile finds neither verdict ("again") and asks anew.
    private const string Sql = $"""
        WITH present AS (
            SELECT router_id, user_id, name, created_at, last_seen_at, reachability, time_zone FROM routers.user_routers WHERE router_id = $1
        ), recent AS (
            SELECT count(*) AS refusals, min(at) AS oldest
            FROM routers.claim_refusals CROSS JOIN unnest(refused_at) AS at
            WHERE user_id = $2 AND address = $5 AND {IsRecent}
        ), verdict AS (
            SELECT CASE
                WHEN EXISTS (SELECT FROM present WHERE user_id = $2) THEN 'mine'
                WHEN recent.refusals >= $7 THEN 'limited'
                WHEN COALESCE((SELECT routers FROM routers.user_router_counts WHERE user_id = $2), 0) >= $6 THEN 'full'
                WHEN EXISTS (SELECT FROM present) THEN 'taken'
                ELSE 'free'
            END AS verdict
            FROM recent
        ), refused AS (
            INSERT INTO routers.claim_refusals AS r (user_id, address, refused_at, last_refused_at)
            SELECT $2, $5, ARRAY[$4], $4 FROM verdict WHERE verdict = 'taken'
            ON CONFLICT (user_id, address) DO UPDATE
            SET refused_at = ARRAY(SELECT at FROM unnest(r.refused_at) AS at WHERE {IsRecent}) || $4, last_refused_at = $4
            WHERE (SELECT count(*) FROM unnest(r.refused_at) AS at WHERE {IsRecent}) < $7
            RETURNING 1
        ), counted AS (
            INSERT INTO routers.user_router_counts AS c (user_id, routers)
            SELECT $2, 1 FROM verdict WHERE verdict = 'free'
            ON CONFLICT (user_id) DO UPDATE SET routers = c.routers + 1 WHERE c.routers < $6
            RETURNING 1
        ), claimed AS (
            INSERT INTO routers.user_routers (id, user_id, router_id, name, created_at, reachability)
            SELECT $8, $2, $1, $3, $4, 'unknown' FROM counted
            RETURNING router_id, name, created_at, last_seen_at, reachability, time_zone
        )
        SELECT CASE
                WHEN verdict = 'free' THEN CASE WHEN EXISTS (SELECT FROM claimed) THEN 'claimed' ELSE 'again' END
                WHEN verdict = 'taken' AND NOT EXISTS (SELECT FROM refused) THEN 'again'
                ELSE verdict
            END,
            router.*,
            recent.oldest + interval '1 hour' - $4
        FROM verdict
        CROSS JOIN recent
        LEFT JOIN (
            SELECT router_id, name, created_at, last_seen_at, reachability, time_zone FROM present WHERE user_id = $2
            UNION ALL
            SELECT router_id, name, created_at, last_seen_at, reachability, time_zone FROM claimed
        ) AS router ON true
        """;

    /// <exception cref="ProblemException"><c>rate_limited</c>, <c>tier_limit_reached</c>, <c>router_taken</c>.</exception>
    public static async Task<(RouterResponse Router, bool IsNew)> ExecuteAsync(
        NpgsqlDataSource database,
        RouterClaim claim,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            if (await TryAsync(database, claim, time, cancellationToken) is { } outcome)
            {
                return outcome;
            }
        }
    }

    private static async Task<(RouterResponse Router, bool IsNew)?> TryAsync(
        NpgsqlDataSource database,
        RouterClaim claim,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            Sql,
            claim.RouterId,
            claim.UserId,
            claim.Name,
            time.UtcNow(),
            claim.Address,
            claim.MaxRouters,
            claim.MaxRefusals,
            time.NewId()
        );
        try
        {
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            await row.ReadAsync(cancellationToken);
            return row.GetString(0) switch
            {
                "claimed" => (ReadRouter(row), true),
                "mine" => (ReadRouter(row), false),
                "limited" => throw new ProblemException(ErrorCodes.RateLimited, TooManyRefusals, row.GetTimeSpan(7)),
                "full" => throw new ProblemException(Problem.TierLimit("routers", claim.MaxRouters)),
                "taken" => throw new ProblemException(ErrorCodes.RouterTaken, "Another user has this router."),
                _ => null,
            };
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    private static RouterResponse ReadRouter(NpgsqlDataReader row) =>
        new(
            row.GetString(1),
            row.GetString(2),
            row.GetFieldValue<DateTimeOffset>(3),
            row.Nullable<DateTimeOffset?>(4),
            SnakeCase.Parse<Reachability>(row.GetString(5)),
            row.GetString(6)
        );
}
