// Rules are locked first, in the order of their ids, and what still holds them is read after that: several statements in one batch, of which
// EF Core has none.
namespace NetPilot.Blacklist.Data.Statements;

internal static class ChangeHolds
{
    /// <summary>Counts anew what holds the router's rules.</summary>
    public static Task RecountHoldsAsync(this RuleStore store, OwnedRouter router, DateTimeOffset now) =>
        store.ChangeHoldsAsync(router, new HoldChanges([], [], []), new ClaimTerms(now, now, 0));

    /// <summary>
    /// Writes the changes. Rules that nothing keeps then are lifting, and those that are still to be put in force are due. What holds the
    /// router's other rules is counted anew too: an order at the same time may have given one of the holds placed before another end.
    /// </summary>
    public static Task ChangeHoldsAsync(this RuleStore store, OwnedRouter router, HoldChanges changes, ClaimTerms terms) =>
        store.ExecuteBatchAsync(Statements(router.UserId, router.RouterId, changes, terms), CancellationToken.None);

    /// <summary>The same as statements of a transaction.</summary>
    public static IReadOnlyList<SqlText> Statements(Guid userId, string routerId, HoldChanges changes, ClaimTerms terms)
    {
        var blocks = RuleKind.Block.Rules;
        Guid[] rules = [.. changes.Rules];
        Guid[] ended = [.. changes.Ended];
        Guid[] changed = [.. changes.Changed.Select(hold => hold.Id)];
        DateTimeOffset[] since = [.. changes.Changed.Select(hold => hold.Since)];
        DateTimeOffset[] until = [.. changes.Changed.Select(RuleIntents.EndOf)];
        SqlText unkept = $"id = ANY({rules}) AND {SqlText.KeptUntil} <= {terms.Now}";
        SqlText held = $"user_id = {userId} AND router_id = {routerId} AND {SqlText.Live} AND held_until IS NOT NULL";
        var neverMind = RuleIntents.NeverMind(terms.Now);
        return
        [
            $"SELECT id FROM {blocks} WHERE {held} ORDER BY id FOR UPDATE",
            $"DELETE FROM blacklist.holds WHERE id = ANY({ended})",
            $"""
                UPDATE blacklist.holds AS hold SET since = changed.since, until = NULLIF(changed.until, 'infinity')
                FROM unnest({changed}, {since}, {until}) AS changed (id, since, until) WHERE hold.id = changed.id
                """,
            $"""
                UPDATE {blocks} AS rule SET held_until = counted.until
                FROM (SELECT id, COALESCE((SELECT max(COALESCE(until, 'infinity')) FROM blacklist.holds
                                           -- A device that is being let through is still held, should that fail.
                                           WHERE rule_id = block.id
                                             AND (let_through_at IS NULL OR GREATEST(since, holds.created_at) > let_through_at
                                                 OR block.state = 'lifting')),
                                          LEAST(held_until, {terms.Now})) AS until
                      FROM {blocks} AS block WHERE {held}) AS counted
                WHERE rule.id = counted.id AND rule.held_until <> counted.until
                """,
            $"""
                UPDATE {blocks} SET {RuleIntents.Expired.Assignments(RuleKind.Block)}, settle_at = {terms.Until}
                WHERE {RuleIntents.Expired.Condition()} AND {unkept}
                """,
            $"UPDATE {blocks} SET {neverMind.Assignments(RuleKind.Block)} WHERE {neverMind.Condition()} AND {unkept}",
        ];
    }

    /// <summary>
    /// Two rows turned out to be of one device: what holds the one that ends, holds the one that stays. To be written before the other one ends.
    /// </summary>
    public static async Task MoveHoldsAsync(this RuleStore store, Rule from, Rule to, DateTimeOffset now)
    {
        if (from.HeldUntil is null || from.Kind != RuleKind.Block)
        {
            return;
        }

        Guid[] both = [from.Id, to.Id];
        await store.ExecuteBatchAsync(
            [
                $"SELECT id FROM {from.Kind.Rules} WHERE id = ANY({both}) ORDER BY id FOR UPDATE",
                // The one that stays may have gone with its router.
                $"""
                UPDATE blacklist.holds SET rule_id = {to.Id}
                WHERE rule_id = {from.Id} AND EXISTS (SELECT 1 FROM {from.Kind.Rules} WHERE id = {to.Id})
                """,
                $"""
                UPDATE {from.Kind.Rules} AS rule
                SET held_until = GREATEST(held_until, (SELECT max(COALESCE(until, 'infinity')) FROM blacklist.holds WHERE rule_id = rule.id))
                WHERE id = {to.Id} AND {SqlText.Live}
                """,
                $"UPDATE {from.Kind.Rules} SET held_until = LEAST(held_until, {now}) WHERE id = {from.Id}",
            ],
            CancellationToken.None
        );
    }
}
