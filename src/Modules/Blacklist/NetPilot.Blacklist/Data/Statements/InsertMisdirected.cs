// The row gives way to another live one of the same device, which a unique index tells: EF Core has no ON CONFLICT.
namespace NetPilot.Blacklist.Data.Statements;

internal static class InsertMisdirected
{
    /// <summary>
    /// Stores the row of a rule that went to another device. Null: that device has a live row of its own, or the row that the rule was meant for is
    /// gone with its router.
    /// </summary>
    public static Task<Rule?> InsertMisdirectedAsync(this RuleStore store, Rule misdirected) =>
        store.RuleAsync(
            misdirected.Kind,
            $"""
            INSERT INTO {misdirected.Kind.Rules} ({InsertRule.ColumnsOf(misdirected.Kind)}, mac_confirmed, replaced_by)
            SELECT {InsertRule.ValuesOf(misdirected)}, {misdirected.MacConfirmed}, {misdirected.ReplacedBy}
            FROM {misdirected.Kind.Rules} WHERE id = {misdirected.ReplacedBy}
            ON CONFLICT DO NOTHING RETURNING *
            """
        );
}
