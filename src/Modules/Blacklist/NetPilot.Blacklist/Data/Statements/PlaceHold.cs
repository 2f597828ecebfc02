// The rule is patched, and so locked, by the statement that writes its hold, which is an upsert: EF Core has neither.
namespace NetPilot.Blacklist.Data.Statements;

internal static class PlaceHold
{
    /// <summary>A live rule is held by one thing more. Null: the rule is not what it was, and nothing was written.</summary>
    public static Task<Rule?> PlaceHoldAsync(
        this RuleStore store,
        Rule rule,
        RulePatch patch,
        Hold hold,
        CancellationToken cancellationToken
    ) =>
        store.RuleAsync(
            rule.Kind,
            $"""
            WITH patched AS (
                UPDATE {rule.Kind.Rules} SET {patch.Assignments(rule.Kind)} WHERE id = {rule.Id} AND {patch.Condition()}
                RETURNING *
            ), held AS ({Sql(hold, SqlText.Raw("patched"))})
            SELECT * FROM patched
            """,
            cancellationToken
        );

    /// <summary>The hold, on the rule of which there is a row: the one that it was on before has ended.</summary>
    public static SqlText Sql(Hold hold, SqlText rule) =>
        $"""
            INSERT INTO blacklist.holds
                (id, user_id, router_id, device_id, kind, source_id, person_id, since, until, created_by, created_at, rule_id)
            SELECT {hold.Id}, {hold.UserId}, {hold.RouterId}, {hold.DeviceId}, {SnakeCase.Of(hold.Kind)}, {hold.SourceId}, {hold.PersonId},
                   {hold.Since}, {hold.Until}, {hold.CreatedBy}, {hold.CreatedAt}, id FROM {rule}
            ON CONFLICT (user_id, router_id, kind, source_id, device_id) DO UPDATE
            SET person_id = EXCLUDED.person_id, since = EXCLUDED.since, until = EXCLUDED.until, created_by = EXCLUDED.created_by,
                rule_id = EXCLUDED.rule_id
            """;
}
