namespace NetPilot.Blacklist.Data;

internal static class RuleStates
{
    public const string LiveSql = "state IN ('applying', 'blocked', 'lifting')";
}
