// The rule is patched, and so locked, by the statement that writes its holds, which is an upsert: EF Core has neither.
namespace NetPilot.Blacklist.Data.Statements;

internal static class PlaceHolds
{
    /// <summary>A live rule is held by these too. Null: the rule is not what it was, and nothing was written.</summary>
    public static Task<Rule?> PlaceHoldsAsync(
        this RuleStore store,
        Rule rule,
        RulePatch patch,
        IReadOnlyList<Hold> holds,
        CancellationToken cancellationToken
    ) =>
        store.RuleAsync(
            rule.Kind,
            $"""
            WITH patched AS (
                UPDATE {rule.Kind.Rules} SET {patch.Assignments(rule.Kind)} WHERE id = {rule.Id} AND {patch.Condition()}
                RETURNING *
            ), held AS ({Sql(holds, SqlText.Raw("patched"))})
            SELECT * FROM patched
            """,
            cancellationToken
        );

    /// <summary>The holds of a device, on the rule of which there is a row: those that they were on before have ended.</summary>
    public static SqlText Sql(IReadOnlyList<Hold> holds, SqlText rule)
    {
        SqlText[] rows = [.. holds.Select(Row)];
        return $"""
            INSERT INTO blacklist.holds
                (id, user_id, router_id, device_id, kind, source_id, person_id, since, until, created_by, created_at, rule_id)
            SELECT wanted.*, rule.id FROM {rule} AS rule, (VALUES {SqlText.Join(", ", rows)}) AS wanted
            ON CONFLICT (user_id, router_id, kind, source_id, device_id) DO UPDATE
            SET person_id = EXCLUDED.person_id, since = EXCLUDED.since, until = EXCLUDED.until, created_by = EXCLUDED.created_by,
                rule_id = EXCLUDED.rule_id
            """;
    }

    private static SqlText Row(Hold hold) =>
        $"""
            ({hold.Id}, {hold.UserId}, {hold.RouterId}, {hold.DeviceId}, {SnakeCase.Of(hold.Kind)}, {hold.SourceId}, {hold.PersonId},
             {hold.Since}, {hold.Until}, {hold.CreatedBy}, {hold.CreatedAt})
            """;
}
