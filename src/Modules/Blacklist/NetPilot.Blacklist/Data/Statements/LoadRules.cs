// The newest row of each of many devices, however many there were: LATERAL over arrays, which EF Core has not.
namespace NetPilot.Blacklist.Data.Statements;

internal static class LoadRules
{
    /// <summary>The live rows of a router, and the newest row of each device or address that the router reports.</summary>
    public static Task<List<Rule>> LoadAsync(
        this RuleStore store,
        RuleKind kind,
        Guid userId,
        string routerId,
        IReadOnlyList<BlockedRule> reported
    )
    {
        PhysicalAddress[] macs = [.. reported.Select(rule => rule.Mac).OfType<PhysicalAddress>()];
        IPAddress[] addresses = [.. reported.Select(rule => rule.Address).OfType<IPAddress>()];
        return store.RulesAsync(
            kind,
            $"""
            SELECT * FROM {kind.Rules} WHERE user_id = {userId} AND router_id = {routerId} AND {SqlText.Live}
            UNION
            SELECT newest.* FROM unnest({macs}) AS reported (mac) CROSS JOIN LATERAL (
                SELECT * FROM {kind.Rules} WHERE user_id = {userId} AND router_id = {routerId} AND device_mac = reported.mac
                ORDER BY created_at DESC, id DESC LIMIT 1) AS newest
            UNION
            SELECT newest.* FROM unnest({addresses}) AS reported (ip) CROSS JOIN LATERAL (
                SELECT * FROM {kind.Rules} WHERE user_id = {userId} AND router_id = {routerId} AND device_ip = reported.ip
                ORDER BY created_at DESC, id DESC LIMIT 1) AS newest
            """
        );
    }
}
