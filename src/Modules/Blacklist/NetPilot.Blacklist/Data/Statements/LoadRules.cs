// The newest row of each of many devices: DISTINCT ON, for which EF Core would sort or look up each device by itself.
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
            (SELECT DISTINCT ON (device_mac) * FROM {kind.Rules}
             WHERE user_id = {userId} AND router_id = {routerId} AND device_mac = ANY({macs}) ORDER BY device_mac, created_at DESC, id DESC)
            UNION
            (SELECT DISTINCT ON (device_ip) * FROM {kind.Rules}
             WHERE user_id = {userId} AND router_id = {routerId} AND device_ip = ANY({addresses}) ORDER BY device_ip, created_at DESC, id DESC)
            """
        );
    }
}
