// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session.
namespace NetPilot.Devices.Data.Statements;

internal static class ReadFirstDevices
{
    private static readonly string Text = $"""
        SELECT {UserDevice.Columns} FROM devices.user_devices WHERE user_id = $1 AND router_id = $2
        ORDER BY first_seen DESC, id DESC LIMIT {FirstPages.Rows}
        """;

    public static NpgsqlBatchCommand Command(Guid userId, string routerId) => Sql.Statement(Text, userId, routerId);
}
