// Rows are locked in the order of their ids: EF Core has no FOR UPDATE.
namespace NetPilot.Blacklist.Data.Statements;

internal static class ConfirmRules
{
    /// <summary>The router shows the rules of these rows.</summary>
    public static Task ConfirmAsync(this RuleStore store, RuleKind kind, Guid[] ids) =>
        store.ExecuteAsync(
            $"""
            UPDATE {kind.Rules} SET mac_confirmed = mac_confirmed OR device_mac IS NOT NULL, attempts = 0
            WHERE id IN (SELECT id FROM {kind.Rules} WHERE id = ANY({ids}) AND state = 'blocked' ORDER BY id FOR UPDATE)
            """
        );
}
