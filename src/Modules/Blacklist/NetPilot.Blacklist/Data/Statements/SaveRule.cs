// The row, under its guards and its fence, and the counter that makes the limit exact are written by one statement, the counter locked first; the
// row comes back as it was written. EF Core has no RETURNING, and could not tie the two writes together.
namespace NetPilot.Blacklist.Data.Statements;

internal static class SaveRule
{
    /// <summary>
    /// Writes a change if the row is still what it was and no later turn has written it. The row as it is then; null if it is not so. A change
    /// that is not what the row is for is written only if the row goes on by itself, or does not, as it did when that was decided. Fails with a
    /// unique violation where the change leads to a second live row of the same device. The turn's end is written in the same transaction.
    /// </summary>
    public static Task<Rule?> SaveAsync(this RuleStore store, Rule rule, RuleChange change, long fence, ITurnEnd? end = null)
    {
        var more = change.LiveMore(rule);
        return store.RuleAsync(
            rule.Kind,
            end,
            more == 0 ? $"{Update(rule, change, fence)} RETURNING *" : Counted(rule, change, fence, more)
        );
    }

    private static SqlText Counted(Rule rule, RuleChange change, SqlValue fence, int more)
    {
        SqlValue user = rule.UserId;
        SqlValue kind = rule.Kind.Name;
        return $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = {user} AND kind = {kind} FOR UPDATE
            ), saved AS (
                {Update(rule, change, fence)} AND (SELECT count(*) FROM counter) >= 0
                RETURNING *
            ), counted AS (
                UPDATE blacklist.rule_counts SET live = GREATEST(0, live + {more})
                WHERE user_id = {user} AND kind = {kind} AND EXISTS (SELECT 1 FROM saved WHERE replaced_by IS NULL)
            )
            SELECT * FROM saved
            """;
    }

    private static SqlText Update(Rule rule, RuleChange change, SqlValue fence) =>
        $"UPDATE {rule.Kind.Rules} SET {Assignments(change, fence)} WHERE {Guards(rule, change, fence)}";

    private static SqlText Assignments(RuleChange change, SqlValue fence)
    {
        SqlText always = $"""
            state = {change.State}, code = {change.Code}, code_detail = {change.Detail}, maybe_sent = {change.MaybeSent},
            settle_at = {change.SettleAt}, give_up_at = {change.GiveUpAt}, attempts = {change.Attempts},
            applied_at = {change.AppliedAt}, lifted_at = {change.LiftedAt}, fence = {fence}
            """;
        return SqlText.Join(
            ", ",
            always,
            SqlText.When(change.IsHeldAgain, SqlText.Raw("let_through_at = NULL")),
            SqlText.When(change is { IsHeldAgain: false, LetThroughAt: not null }, $"let_through_at = {change.LetThroughAt}"),
            SqlText.When(change.Device is not null, $"device_ip = {change.Device?.Ip}"),
            SqlText.When(change.Device?.Mac is not null, $"device_mac = {change.Device?.Mac}"),
            SqlText.When(change.Device is { Confirmed: true }, SqlText.Raw("mac_confirmed = true")),
            SqlText.When(change.EndsManual, SqlText.Raw("held_manually = false")),
            SqlText.When(!change.KeepsClearing, SqlText.Raw("clearing_fence = NULL"))
        );
    }

    private static SqlText Guards(Rule rule, RuleChange change, SqlValue fence)
    {
        SqlText isUnchanged = $"id = {rule.Id} AND state = {rule.State} AND fence <= {fence}";
        return SqlText.Join(
            " AND ",
            isUnchanged,
            SqlText.When(!change.Fulfils(rule), $"give_up_at IS NOT DISTINCT FROM {rule.GiveUpAt}"),
            SqlText.When(change.Guard is not Lifecycle.HeldAsRead.Anyhow, HeldNoLonger(rule)),
            SqlText.When(change.Guard is Lifecycle.HeldAsRead.AtAll, HeldManuallyNoLonger(rule)),
            // What was decided for a reset does not hold for a row that was wanted again since.
            SqlText.When(rule.ClearingFence is not null, $"clearing_fence = {rule.ClearingFence}")
        );
    }

    private static SqlText HeldManuallyNoLonger(Rule rule) =>
        $"""
            (NOT held_manually
                OR ({rule.HeldManually} AND COALESCE(expires_at, 'infinity') <= COALESCE({rule.ExpiresAt}, 'infinity'::timestamptz)))
            """;

    private static SqlText HeldNoLonger(Rule rule) =>
        $"COALESCE(held_until, '-infinity') <= COALESCE({rule.HeldUntil}, '-infinity'::timestamptz)";
}
