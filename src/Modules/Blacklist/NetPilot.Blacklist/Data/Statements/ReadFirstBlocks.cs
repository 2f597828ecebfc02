// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session.

namespace NetPilot.Blacklist.Data.Statements;

internal static class ReadFirstBlocks
{
    private static readonly string Text = $"""
        SELECT * FROM blacklist.user_blacklists WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
        ORDER BY created_at DESC, id DESC LIMIT {FirstPages.Rows}
        """;

    public static NpgsqlBatchCommand Command(Guid userId, string routerId) => Sql.Statement(Text, userId, routerId);
}
