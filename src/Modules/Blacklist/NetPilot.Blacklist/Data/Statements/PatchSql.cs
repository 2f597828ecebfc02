// Patches stand in statements that EF Core can't say, so that their assignments can't be its setters.

namespace NetPilot.Blacklist.Data.Statements;

/// <summary>A <see cref="RulePatch"/> as parts of a statement.</summary>
internal static class PatchSql
{
    public static SqlText Assignments(this RulePatch patch, RuleKind kind) =>
        SqlText.Join(
            ", ",
            SqlText.When(patch.State is not null, $"state = {patch.State}"),
            SqlText.When(patch.MaybeSent is not null, $"maybe_sent = {patch.MaybeSent}"),
            SqlText.When(patch.Due is not null, DueOf(patch.Due ?? default)),
            SqlText.When(patch.GiveUpAt.IsPresent, $"give_up_at = {patch.GiveUpAt.Value}"),
            SqlText.When(patch.Attempts is not null, $"attempts = {patch.Attempts}"),
            SqlText.When(patch.CountsAttempt, SqlText.Raw("attempts = attempts + 1")),
            SqlText.When(patch.ForgetsFailure, $"code = {Kept("code", patch)}, code_detail = {Kept("code_detail", patch)}"),
            SqlText.When(patch.LiftedAt is not null, $"lifted_at = {patch.LiftedAt}"),
            SqlText.When(patch.Fence is not null, $"fence = {patch.Fence}"),
            SqlText.When(patch.ClearingFence.IsPresent, $"clearing_fence = {patch.ClearingFence.Value}"),
            SqlText.When(patch.Note.IsPresent, $"{SqlText.Raw(kind.NoteColumn)} = {patch.Note.Value}"),
            SqlText.When(patch.ExpiresAt.IsPresent, $"expires_at = {patch.ExpiresAt.Value}"),
            SqlText.When(patch.Manual is not null, HeldManually(patch)),
            SqlText.When(patch.EndsManual, SqlText.Raw("held_manually = false")),
            SqlText.When(patch.HeldUntil is not null, $"held_until = GREATEST(held_until, {patch.HeldUntil})"),
            SqlText.When(patch.LetThroughAt.IsPresent, $"let_through_at = {patch.LetThroughAt.Value}"),
            SqlText.When(patch.UnkeptSince is not null, $"held_manually = false, held_until = {patch.UnkeptSince}"),
            SqlText.When(patch.ReplacedBy is not null, $"replaced_by = COALESCE(replaced_by, {patch.ReplacedBy})"),
            SqlText.When(patch.TakesPlace, SqlText.Raw("replaced_by = NULL"))
        );

    public static SqlText Condition(this RulePatch patch) =>
        SqlText.Join(
            " AND ",
            SqlText.Raw($"state IN ({string.Join(", ", patch.From.Select(state => $"'{SnakeCase.Of(state)}'"))})"),
            SqlText.When(patch.Fence is not null, $"fence <= {patch.Fence}"),
            SqlText.When(patch.SeenIn is not null, $"fence <= {patch.SeenIn}"),
            SqlText.When(patch.OnlyOfReset is not null, $"clearing_fence = {patch.OnlyOfReset}"),
            SqlText.When(patch.OnlyWhileAwaited, SqlText.Raw("give_up_at IS NULL"))
        );

    // A manual hold that has ended is followed by another one, with an end and an author of its own.
    private static SqlText HeldManually(RulePatch patch)
    {
        SqlText isHeld = $"held_manually AND (expires_at IS NULL OR expires_at > {patch.Manual?.Now})";
        SqlText held = $"held_manually = true, created_by = CASE WHEN {isHeld} THEN created_by ELSE {patch.Manual?.By} END";
        return SqlText.Join(", ", held, SqlText.When(!patch.ExpiresAt.IsPresent, $"expires_at = CASE WHEN {isHeld} THEN expires_at END"));
    }

    private static SqlText DueOf(RuleDue due) =>
        due.Where switch
        {
            DueWhere.Later => $"settle_at = LEAST(settle_at, {due.At})",
            DueWhere.WaitsLonger => $"settle_at = CASE WHEN NOT maybe_sent AND settle_at > {due.At} THEN {due.At} ELSE settle_at END",
            DueWhere.NothingWasSent => $"settle_at = CASE WHEN maybe_sent THEN settle_at ELSE {due.At} END",
            _ => $"settle_at = {due.At}",
        };

    private static SqlText Kept(string column, RulePatch patch) =>
        patch.KeepsUnconfirmed ? $"CASE WHEN code = {RuleCodes.Unconfirmed} THEN {SqlText.Raw(column)} END" : SqlText.Raw("NULL");
}
