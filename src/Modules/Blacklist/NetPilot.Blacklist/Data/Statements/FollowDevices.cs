// A scan of hundreds of devices moves a router's rows in one statement: dependent steps over two arrays, the rows locked in the order of their ids.
namespace NetPilot.Blacklist.Data.Statements;

internal static class FollowDevices
{
    /// <summary>
    /// Blocks follow the devices that a scan saw, and those that waited for one are due. A block by an address that nobody knew names no device to wait
    /// for. One that may have gone to whoever has its address now stays there until the router's list tells.
    /// </summary>
    /// <param name="macs">The devices, one for each of <paramref name="addresses"/>; the address that Devices keeps of a MAC comes first.</param>
    /// <param name="addresses">Where they are.</param>
    /// <param name="waiting">What becomes of rows that waited; null: they go on to wait.</param>
    /// <returns>How many rows changed.</returns>
    public static Task<int> FollowAsync(
        this RuleStore store,
        Guid userId,
        string routerId,
        PhysicalAddress[] macs,
        IPAddress[] addresses,
        RulePatch? waiting,
        CancellationToken cancellationToken
    )
    {
        var blocks = RuleKind.Block.Rules;
        var mayBeAnothers = MayBeAnothers();
        var waits = WaitsFor(waiting, mayBeAnothers);
        return store.ExecuteAsync(
            $"""
            WITH seen AS (SELECT mac, ip, place FROM unnest({macs}, {addresses}) WITH ORDINALITY AS seen (mac, ip, place)),
            -- The rows that may change. As a rule each is where it was, and none is locked.
            locked AS MATERIALIZED (
                SELECT id, device_mac, device_ip, {waits} AS waits, {mayBeAnothers} AS stays
                FROM {blocks}
                WHERE user_id = {userId} AND router_id = {routerId} AND {SqlText.Live}
                  AND (device_aliases <> ARRAY[]::inet[]
                    OR (device_mac IS NULL AND device_ip IN (SELECT ip FROM seen))
                    OR (device_mac IN (SELECT mac FROM seen)
                      AND ({waits} OR ((device_mac, device_ip) IN (SELECT mac, ip FROM seen)) IS NOT TRUE)))
                ORDER BY id FOR UPDATE
            ),
            -- A row that knows its device keeps its address while the device still has it.
            named AS (
                SELECT DISTINCT ON (locked.id) locked.id, seen.mac, CASE WHEN locked.stays THEN locked.device_ip ELSE seen.ip END AS ip
                FROM locked JOIN seen ON seen.mac = locked.device_mac
                ORDER BY locked.id, (seen.ip = locked.device_ip) DESC, seen.place
            ),
            -- A row without a MAC is of the device at its address, if that is one and has no row of its own.
            nameless AS (
                SELECT DISTINCT ON (at.mac) locked.id, at.mac, locked.device_ip AS ip FROM locked
                JOIN (SELECT ip, (array_agg(mac))[1] AS mac FROM seen GROUP BY ip HAVING count(DISTINCT mac) = 1) AS at ON at.ip = locked.device_ip
                WHERE locked.device_mac IS NULL AND NOT EXISTS (
                    SELECT 1 FROM {blocks} AS other
                    WHERE other.user_id = {userId} AND other.router_id = {routerId} AND other.device_mac = at.mac AND {SqlText.Live})
                ORDER BY at.mac, locked.id
            ),
            shown AS (SELECT * FROM named UNION ALL SELECT * FROM nameless)
            UPDATE {blocks} AS rule
            SET device_mac = COALESCE(shown.mac, rule.device_mac),
                device_ip = COALESCE(shown.ip, rule.device_ip),
                device_aliases = ARRAY(
                    SELECT alias FROM unnest(rule.device_aliases) AS alias
                    WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.ip = alias AND seen.mac IS DISTINCT FROM COALESCE(shown.mac, rule.device_mac))),
                settle_at = CASE WHEN shown.id IS NOT NULL AND locked.waits THEN LEAST(rule.settle_at, {waiting?.Due?.At}) ELSE rule.settle_at END
            FROM locked LEFT JOIN shown ON shown.id = locked.id
            WHERE rule.id = locked.id
              AND (rule.device_mac IS DISTINCT FROM COALESCE(shown.mac, rule.device_mac)
                OR rule.device_ip IS DISTINCT FROM COALESCE(shown.ip, rule.device_ip)
                OR (shown.id IS NOT NULL AND locked.waits) OR rule.device_aliases <> ARRAY[]::inet[])
            """,
            cancellationToken
        );
    }

    /// <summary>
    /// Whether the router may have put the rule on another device, which has the address to which the command went: only that address tells whose rule it
    /// is.
    /// </summary>
    private static SqlText MayBeAnothers() =>
        $"""
            (NOT mac_confirmed AND (maybe_sent OR state = {RuleState.InForce})
                AND EXISTS (SELECT 1 FROM seen AS there WHERE there.ip = device_ip AND there.mac <> device_mac))
            """;

    // A rule that may be another device's is looked into once.
    private static SqlText WaitsFor(RulePatch? waiting, SqlText mayBeAnothers) =>
        waiting is null
            ? SqlText.Raw("false")
            : $"""
                (NOT maybe_sent AND ((code IS NULL AND {mayBeAnothers}) OR ({waiting.Condition()}
                    AND (state = 'lifting' OR applied_at IS NOT NULL OR held_until IS NOT NULL OR (device_mac IS NOT NULL AND give_up_at IS NOT NULL)))))
                """;
}
