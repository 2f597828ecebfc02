// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session.

namespace NetPilot.Routers.Data.Statements;

internal static class ReadFirstRouters
{
    private static readonly string Text = $"""
        SELECT {UserRouter.Columns} FROM routers.user_routers WHERE user_id = $1
        ORDER BY created_at DESC, id DESC LIMIT {FirstPages.Rows}
        """;

    public static NpgsqlBatchCommand Command(Guid userId) => Sql.Statement(Text, userId);
}
