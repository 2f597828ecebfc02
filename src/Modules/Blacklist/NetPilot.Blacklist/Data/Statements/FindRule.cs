// A hot path (benchmark handwritten): a command that waited for its turn reads its row again before it sends anything.
namespace NetPilot.Blacklist.Data.Statements;

internal static class FindRule
{
    /// <summary>The row as it is now; null if it is gone.</summary>
    public static Task<Rule?> FindAsync(this RuleStore store, Rule rule, CancellationToken cancellationToken = default) =>
        store.RuleAsync(rule.Kind, Sql(rule), cancellationToken);

    public static SqlText Sql(Rule rule) => $"SELECT * FROM {rule.Kind.Rules} WHERE id = {rule.Id}";
}
