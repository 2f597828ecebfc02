namespace NetPilot.CommandsClient.Reading;

/// <summary>
/// What a failed call says of its router. A router shows itself only by what it executed: the Commands-Server answers for a router that is
/// down, that refuses its password or whose tunnel hangs as it does for one whose command went wrong.
/// </summary>
internal static partial class RouterSightings
{
    public static RouterSighting Of(CallOutcome answer, CommandsFailure failure) =>
        failure.Kind switch
        {
            CommandsFailureKind.RouterUnreachable => RouterSighting.Absent,
            CommandsFailureKind.CommandFailed when answer is CallOutcome.Envelope envelope && ShowsExecution(envelope) =>
                RouterSighting.Present,
            CommandsFailureKind.CommandFailed => RouterSighting.Doubtful,
            CommandsFailureKind.CommandTimeout when failure.Effect is CommandEffect.Unknown => RouterSighting.Doubtful,
            CommandsFailureKind.Unavailable when answer is CallOutcome.NoEnvelope => RouterSighting.Doubtful,
            _ => RouterSighting.None,
        };

    private static bool ShowsExecution(CallOutcome.Envelope envelope) =>
        envelope is { Code: "COMMAND_FAILED", Message: { } message } && !ConnectionTrouble().IsMatch(message);

    // The last ones are Paramiko's and the socket's own words, which the Commands-Server passes on.
    [GeneratedRegex(
        "unexpected error occurred|authentication (failed|timeout)|bad authentication|permission denied \\(|unable to (connect|open channel)"
            + "|no existing session|ssh (session|protocol|connection)|connection (refused|reset|lost|closed|timed out|dropped)"
            + "|no route to host|network is unreachable|broken pipe|socket is closed|timed out|host key verification|EOF ?(Error|during negotiation)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex ConnectionTrouble();
}
