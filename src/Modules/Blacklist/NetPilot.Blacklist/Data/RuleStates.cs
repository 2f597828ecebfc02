namespace NetPilot.Blacklist.Data;

internal static class RuleStates
{
    public const string LiveSql = "state IN ('applying', 'blocked', 'lifting')";

    public static readonly RuleState[] Live = [RuleState.Applying, RuleState.Blocked, RuleState.Lifting];

    public static string Name(RuleState state) =>
        state switch
        {
            RuleState.Applying => "applying",
            RuleState.Blocked => "blocked",
            RuleState.Lifting => "lifting",
            RuleState.Lifted => "lifted",
            _ => "failed",
        };

    public static RuleState Parse(string name) =>
        TryParse(name, out var state) ? state : throw new ArgumentOutOfRangeException(nameof(name), name, "No state of a rule.");

    public static bool TryParse(string name, out RuleState state)
    {
        (state, var known) = name switch
        {
            "applying" => (RuleState.Applying, true),
            "blocked" => (RuleState.Blocked, true),
            "lifting" => (RuleState.Lifting, true),
            "lifted" => (RuleState.Lifted, true),
            "failed" => (RuleState.Failed, true),
            _ => (default, false),
        };
        return known;
    }
}
