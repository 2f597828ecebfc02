namespace NetPilot.Blacklist.Commands;

internal static class RuleProblems
{
    /// <summary>The failure that a row remembers, for whoever shares its outcome.</summary>
    public static Problem Of(Rule rule)
    {
        var code = rule.Code ?? ErrorCodes.CommandTimeout;
        var (status, retry) = code switch
        {
            ErrorCodes.RouterUnreachable or ErrorCodes.CommandsServerUnavailable or ErrorCodes.RouterBusy => (503, TimeSpan.FromSeconds(5)),
            ErrorCodes.CommandTimeout => (504, (TimeSpan?)null),
            ErrorCodes.NotSupported => (501, null),
            ErrorCodes.Unauthorized => (401, null),
            _ => (502, null),
        };
        return new Problem(status, code, rule.Detail ?? "The command's outcome is not known yet; the server finds out by itself.")
        {
            RetryAfter = retry,
        };
    }
}
