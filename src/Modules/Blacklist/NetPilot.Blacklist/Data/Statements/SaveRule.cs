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
        var (kind, more) = (rule.Kind, change.LiveMore(rule));
        return store.RuleAsync(
            kind,
            end,
            $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = {rule.UserId} AND kind = {kind.Name} AND {more} <> 0 FOR UPDATE
            ), saved AS (
                UPDATE {kind.Rules}
                SET state = {change.State}, code = {change.Code}, code_detail = {change.Detail}, maybe_sent = {change.MaybeSent},
                    settle_at = {change.SettleAt}, give_up_at = {change.GiveUpAt}, attempts = {change.Attempts},
                    applied_at = {change.AppliedAt}, lifted_at = {change.LiftedAt}, fence = {fence},
                    let_through_at = CASE WHEN NOT {change.IsHeldAgain} THEN COALESCE({change.LetThroughAt}, let_through_at) END,
                    device_ip = COALESCE({change.Device?.Ip}, device_ip), device_mac = COALESCE({change.Device?.Mac}, device_mac),
                    mac_confirmed = mac_confirmed OR {change.Device?.Confirmed ?? false},
                    held_manually = held_manually AND NOT {change.EndsManual},
                    clearing_fence = CASE WHEN {change.KeepsClearing} THEN clearing_fence END
                WHERE id = {rule.Id} AND state = {rule.State} AND fence <= {fence}
                  AND ({change.Fulfils(rule)} OR give_up_at IS NOT DISTINCT FROM {rule.GiveUpAt})
                  AND {HeldAsRead(rule, change)}
                  AND (SELECT count(*) FROM counter) >= 0
                  -- What was decided for a reset does not hold for a row that was wanted again since.
                  AND ({rule.ClearingFence} IS NULL OR clearing_fence = {rule.ClearingFence})
                RETURNING *
            ), counted AS (
                UPDATE blacklist.rule_counts SET live = GREATEST(0, live + {more})
                WHERE user_id = {rule.UserId} AND kind = {kind.Name} AND {more} <> 0 AND EXISTS (SELECT 1 FROM saved WHERE replaced_by IS NULL)
            )
            SELECT * FROM saved
            """
        );
    }

    private static SqlText HeldAsRead(Rule rule, RuleChange change) =>
        change.Guard switch
        {
            Lifecycle.HeldAsRead.ByOthers => HeldNoLonger(rule),
            Lifecycle.HeldAsRead.AtAll => $"""
                {HeldNoLonger(rule)} AND (NOT held_manually
                    OR ({rule.HeldManually} AND COALESCE(expires_at, 'infinity') <= COALESCE({rule.ExpiresAt}, 'infinity'::timestamptz)))
                """,
            _ => SqlText.Raw("true"),
        };

    private static SqlText HeldNoLonger(Rule rule) =>
        $"COALESCE(held_until, '-infinity') <= COALESCE({rule.HeldUntil}, '-infinity'::timestamptz)";
}
