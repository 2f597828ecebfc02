// Finding the row that an address means and moving it on is one statement, which returns the row either way: EF Core would need two round trips,
// and between them the row could change.
namespace NetPilot.Blacklist.Data.Statements;

/// <summary>A row, and whether it was moved on by the statement that found it.</summary>
internal sealed record FoundRule(Rule Rule, bool IsBegun);

internal static class BeginLift
{
    /// <summary>
    /// The live row that an address means, with the patch where it is for it. Null if there is none. The router's turn is asked for with the
    /// patch, if <paramref name="ask"/> is given.
    /// </summary>
    public static async Task<FoundRule?> BeginLiftAsync(
        this RuleStore store,
        RuleKey key,
        RulePatch unwanted,
        ITurnAsk? ask,
        CancellationToken cancellationToken
    )
    {
        var kind = key.Kind;
        if (key.Mac is not null && await BeginAsync(store, key, unwanted, ask, cancellationToken) is { } begun)
        {
            return new FoundRule(begun, IsBegun: true);
        }

        // Who names an address means whoever the router resolves it to; who names a device does not mean another one that had its address.
        SqlText byAddress = key.IsOfDevice
            ? $"(device_ip = {key.Ip} AND (device_mac IS NULL OR {key.Mac} IS NULL))"
            : (SqlText)$"device_ip = {key.Ip}";
        SqlText sql = $"""
            WITH found AS (
                SELECT id FROM {kind.Rules}
                WHERE user_id = {key.UserId} AND router_id = {key.RouterId} AND {SqlText.Live}
                  AND (device_mac = {key.Mac} OR {byAddress} OR ({key.Mac} IS NULL AND {key.Ip} = ANY(device_aliases)))
                ORDER BY (device_mac IS NOT DISTINCT FROM {key.Mac}) DESC, (device_ip = {key.Ip}) DESC, created_at DESC LIMIT 1
            ), begun AS (
                UPDATE {kind.Rules} SET {unwanted.Assignments(kind)}
                WHERE id = (SELECT id FROM found) AND {unwanted.Condition()}
                RETURNING *
            )
            SELECT * FROM begun{SqlText.Asking(ask)}
            UNION ALL
            SELECT * FROM {kind.Rules} WHERE id = (SELECT id FROM found)
            """;
        // A row that was moved on comes twice: as it is, and as it was.
        return await store.RulesAsync(kind, sql, ask, cancellationToken) switch
        {
            [var before, var after] => new FoundRule(before.State == RuleState.InForce ? after : before, IsBegun: true),
            [var found] => new FoundRule(found, IsBegun: false),
            _ => null,
        };
    }

    // A hot path (benchmark handwritten): the row that names the device goes before any other, and is nearly always in force.
    private static async Task<Rule?> BeginAsync(
        RuleStore store,
        RuleKey key,
        RulePatch unwanted,
        ITurnAsk? ask,
        CancellationToken cancellationToken
    )
    {
        SqlText sql = $"""
            WITH begun AS (
                UPDATE {key.Kind.Rules} SET {unwanted.Assignments(key.Kind)}
                WHERE user_id = {key.UserId} AND router_id = {key.RouterId} AND device_mac = {key.Mac} AND {SqlText.Live} AND {unwanted.Condition()}
                RETURNING *
            )
            SELECT * FROM begun{SqlText.Asking(ask)}
            """;
        return (await store.RulesAsync(key.Kind, sql, ask, cancellationToken)).SingleOrDefault();
    }
}
