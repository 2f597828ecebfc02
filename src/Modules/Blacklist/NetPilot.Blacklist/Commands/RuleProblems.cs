namespace NetPilot.Blacklist.Commands;

internal static class RuleProblems
{
    public static Problem NotBlocked() => new(ErrorCodes.NotBlocked, "This device is not blocked on this router.");

    /// <summary>The failure that a row remembers, for whoever shares its outcome.</summary>
    public static Problem Of(Rule rule)
    {
        var problem = new Problem(
            rule.Code switch
            {
                null => ErrorCodes.CommandTimeout,
                RuleCodes.Unconfirmed => ErrorCodes.CommandFailed,
                var code => code,
            },
            rule.Detail ?? "The command's outcome is not known yet; the server finds out by itself."
        );
        return problem.Status == 503 ? problem with { RetryAfter = TimeSpan.FromSeconds(5) } : problem;
    }
}
