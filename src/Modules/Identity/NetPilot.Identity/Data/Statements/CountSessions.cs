// The gauge's base class in Shared runs a statement on the data source: it knows no module's context.
namespace NetPilot.Identity.Data.Statements;

internal static class CountSessions
{
    public const string ByState = """
        SELECT commands_state, count(*) FROM identity.sessions
        WHERE ended_at IS NULL OR commands_state = 'ending'
        GROUP BY commands_state
        """;
}
