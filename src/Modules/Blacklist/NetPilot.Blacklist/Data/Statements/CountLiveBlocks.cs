// The gauges of all modules are given their count as a statement, so that a gauge needs no context of EF Core.
namespace NetPilot.Blacklist.Data.Statements;

internal static class CountLiveBlocks
{
    public const string Sql = $"SELECT state, count(*) FROM blacklist.user_blacklists WHERE {Entities.RuleStates.LiveSql} GROUP BY state";
}
