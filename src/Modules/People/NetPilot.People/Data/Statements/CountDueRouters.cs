// The gauges of all modules are given their count as a statement, so that a gauge needs no context of EF Core.
namespace NetPilot.People.Data.Statements;

internal static class CountDueRouters
{
    public const string Sql = """
        SELECT CASE WHEN next_change_at > now() - interval '30 seconds' THEN 'due' ELSE 'late' END, count(*)
        FROM people.routers WHERE next_change_at <= now() GROUP BY 1
        """;
}
