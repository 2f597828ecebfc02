// One statement finds the device's live row, or counts a new one against the tier's limit and makes it: EF Core has neither INSERT … SELECT nor a
// counter that is changed only below a limit, and the limit has to be exact however many ask at once.

namespace NetPilot.Blacklist.Data.Statements;

internal static class InsertRule
{
    /// <summary>
    /// The live row of the same device, or <paramref name="wanted"/> where the tier has room. Null where it has not. The router's inserts go one
    /// after the other; then the user's counter is locked before any row, here and wherever rows end. The router's turn is asked for with the new
    /// row, if <paramref name="ask"/> is given.
    /// </summary>
    public static async Task<Rule?> InsertAsync(
        this RuleStore store,
        Rule wanted,
        int limit,
        DateTimeOffset firstCheckAt,
        ITurnAsk? ask,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            var rule = await FindOrInsertAsync(store, wanted, limit, firstCheckAt, ask, cancellationToken);
            if (rule is not { ReplacedBy: not null })
            {
                return rule;
            }

            // The device's row is only to be lifted, since another one took its place. It needs a place of its own again.
            rule = await store.ReclaimAsync(rule, limit, cancellationToken);
            if (rule is { IsLive: true })
            {
                return rule.ReplacedBy is null ? rule : null;
            }
        }
    }

    private static async Task<Rule?> FindOrInsertAsync(
        RuleStore store,
        Rule wanted,
        int limit,
        DateTimeOffset firstCheckAt,
        ITurnAsk? ask,
        CancellationToken cancellationToken
    )
    {
        // Another block of the same device may be stored and get its MAC while this one waits for the user's counter: a snapshot from before that
        // would show neither.
        var locks = LockOf(wanted.UserId, wanted.RouterId);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                // At the limit, the row of the same device may have been made by a statement that this one waited for: look once more.
                return (wanted.Holds.Count == 0 ? await RunAsync(SqlOfCounted(wanted, limit, ask)) : null)
                    ?? await RunAsync(Sql(wanted, limit, firstCheckAt, ask))
                    ?? await RunAsync(Sql(wanted, limit, firstCheckAt, ask));
            }
            catch (PostgresException exception) when (attempt < 3 && exception.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Somebody made the row of the same device at the same moment: find it.
            }
        }

        Task<Rule?> RunAsync(SqlText sql) => store.RuleAfterAsync(locks, wanted.Kind, sql, ask, cancellationToken);
    }

    /// <summary>Has the router's inserts go one after the other, to the end of the transaction.</summary>
    public static SqlText LockOf(Guid userId, string routerId) =>
        $"SELECT pg_advisory_xact_lock(hashtextextended({userId}::text || {routerId}, 0))";

    public static SqlText ColumnsOf(RuleKind kind) =>
        $"""
            id, user_id, router_id, device_ip, device_mac, {SqlText.Raw(kind.NoteColumn)}, state, created_by, created_at, expires_at,
            fence, maybe_sent, settle_at, give_up_at, attempts, held_manually, held_until
            """;

    /// <summary>What a new row says in each of <see cref="ColumnsOf"/>.</summary>
    public static SqlText ValuesOf(Rule rule) =>
        $"""
            {rule.Id}, {rule.UserId}, {rule.RouterId}, {rule.DeviceIp}, {rule.DeviceMac}, {rule.Note}, {rule.State}, {rule.CreatedBy},
            {rule.CreatedAt}, {rule.ExpiresAt}, {rule.Fence}, {rule.MaybeSent}, {rule.SettleAt}, {rule.GiveUpAt}, {rule.Attempts},
            {rule.HeldManually}, {rule.HeldUntil}
            """;

    // A rule that is made for holds is made together with them.
    private static SqlText Held(Rule wanted) =>
        wanted.Holds.Count > 0 ? $", held AS ({PlaceHolds.Sql(wanted.Holds, SqlText.Raw("inserted"))})" : SqlText.Raw("");

    // A hot path (benchmark handwritten): the user has a counter and room, the router has a time for its check, and the device has no row yet.
    private static SqlText SqlOfCounted(Rule wanted, int limit, ITurnAsk? ask)
    {
        var kind = wanted.Kind;
        SqlValue user = wanted.UserId;
        SqlValue router = wanted.RouterId;
        return $"""
            WITH slot AS (
                UPDATE blacklist.rule_counts SET live = live + 1
                WHERE user_id = {user} AND kind = {kind.Name} AND live < {limit}
                  AND EXISTS (SELECT 1 FROM blacklist.router_checks WHERE user_id = {user} AND router_id = {router})
                  AND NOT EXISTS (SELECT 1 FROM {kind.Rules} WHERE {IsOfDevice(wanted, user, router)})
                RETURNING live
            )
            INSERT INTO {kind.Rules} ({ColumnsOf(kind)}) SELECT {ValuesOf(wanted)} FROM slot{SqlText.Asking(ask)}
            RETURNING *
            """;
    }

    private static SqlText IsOfDevice(Rule wanted, SqlValue user, SqlValue router)
    {
        SqlValue ip = wanted.DeviceIp;
        var mac = SqlValue.Of(wanted.DeviceMac);
        SqlText ofDevice = wanted.DeviceMac is null
            ? $"(device_ip = {ip} OR {ip} = ANY(device_aliases))"
            : (SqlText)$"(device_mac = {mac} OR (device_ip = {ip} AND device_mac IS NULL))";
        return $"user_id = {user} AND router_id = {router} AND {SqlText.Live} AND {ofDevice}";
    }

    private static SqlText Sql(Rule wanted, int limit, DateTimeOffset firstCheckAt, ITurnAsk? ask)
    {
        var (kind, ip, mac) = (wanted.Kind, wanted.DeviceIp, wanted.DeviceMac);
        SqlValue user = wanted.UserId;
        SqlValue router = wanted.RouterId;
        return $"""
            WITH existing AS (
                SELECT id FROM {kind.Rules} WHERE {IsOfDevice(wanted, user, router)}
                ORDER BY (device_mac IS NOT DISTINCT FROM {mac}) DESC, (device_ip = {ip}) DESC LIMIT 1
            ), counted AS (
                -- Counted only where there is no counter yet: rows that came into the table by another way count too.
                SELECT CASE WHEN EXISTS (SELECT 1 FROM blacklist.rule_counts WHERE user_id = {user} AND kind = {kind.Name}) THEN 0
                            ELSE (SELECT count(*) FROM {kind.Rules} WHERE user_id = {user} AND {SqlText.Live} AND replaced_by IS NULL) END AS live
            ), slot AS (
                INSERT INTO blacklist.rule_counts AS counter (user_id, kind, live)
                SELECT {user}, {kind.Name}, 1 + counted.live FROM counted WHERE counted.live < {limit} AND NOT EXISTS (SELECT 1 FROM existing)
                ON CONFLICT (user_id, kind) DO UPDATE SET live = counter.live + 1 WHERE counter.live < {limit}
                RETURNING live
            ), checked AS (
                INSERT INTO blacklist.router_checks (user_id, router_id, next_check_at)
                SELECT {user}, {router}, {firstCheckAt} FROM slot ON CONFLICT (user_id, router_id) DO NOTHING
            ), inserted AS (
                INSERT INTO {kind.Rules} ({ColumnsOf(kind)}) SELECT {ValuesOf(wanted)} FROM slot
                RETURNING *
            ){Held(wanted)}
            SELECT * FROM inserted{SqlText.Asking(ask)}
            UNION ALL
            SELECT * FROM {kind.Rules} WHERE id = (SELECT id FROM existing)
            """;
    }
}
