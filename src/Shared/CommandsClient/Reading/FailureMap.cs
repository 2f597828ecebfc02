namespace NetPilot.CommandsClient.Reading;

/// <summary>The REST contract's table "Downstream failures", row by row: the first that matches.</summary>
internal static partial class FailureMap
{
    private static readonly TimeSpan RouterRetryAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ServerRetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BusyRetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>Why the call failed; null where the answer is an acknowledgement.</summary>
    public static CommandsFailure? Judge(CallOutcome answer, CommandsCall call, CommandsServerOptions options) =>
        FailureOf(answer, call, options) is not { } failure ? null
        // A call that names no router was not for one.
        : call.NamedRouter(options.Dialect) is null ? failure
        : failure with { Router = RouterSightings.Of(answer, failure) };

    private static CommandsFailure? FailureOf(CallOutcome answer, CommandsCall call, CommandsServerOptions options) =>
        answer switch
        {
            CallOutcome.Envelope { Success: false } envelope => JudgeRefusal(envelope, call, options) with
            {
                // Said with whatever status: what is not there is a 404 to some.
                MaybeAlreadyUnblocked = SaysItIsGone(call.Operation, envelope.Message ?? ""),
            },
            CallOutcome.Envelope { Status: >= 200 and < 300 } => null,
            CallOutcome.Envelope envelope => Protocol($"said success with status {envelope.Status}"),
            CallOutcome.TimedOut { Sent: true } => new(
                CommandsFailureKind.CommandTimeout,
                CommandEffect.Unknown,
                "The Commands-Server did not answer within the time; the command may still have been carried out."
            ),
            CallOutcome.TimedOut => TimedOutUnsent,
            CallOutcome.NotSent => Unavailable(CommandEffect.NotDone, "The Commands-Server cannot be reached.", ServerRetryAfter),
            CallOutcome.CircuitOpen open => Unavailable(
                CommandEffect.NotDone,
                open.OfRouter
                    ? "The Commands-Server failed for this router lately; it is tried again in a moment."
                    : "The Commands-Server could not be reached lately; it is tried again in a moment.",
                TimeSpan.FromSeconds(Math.Ceiling(open.RetryAfter.TotalSeconds))
            ),
            CallOutcome.Busy => new(
                CommandsFailureKind.RouterBusy,
                CommandEffect.NotDone,
                "Too many commands for this router are under way; this one was not sent."
            )
            {
                RetryAfter = BusyRetryAfter,
            },
            CallOutcome.Withheld withheld => withheld.Objection,
            CallOutcome.Broken => Unavailable(
                CommandEffect.Unknown,
                "The connection to the Commands-Server broke before its answer; the command may still have been carried out.",
                ServerRetryAfter
            ),
            CallOutcome.NoEnvelope { IsFault: true } => Unavailable(
                CommandEffect.Unknown,
                "The Commands-Server failed without an answer that says more; the command may have been carried out.",
                ServerRetryAfter
            ),
            CallOutcome.NoEnvelope other => Protocol(other.Reason),
            _ => throw new ArgumentOutOfRangeException(nameof(answer)),
        };

    /// <summary>The time was over before the command was sent, or while its session was being mended.</summary>
    public static CommandsFailure TimedOutUnsent { get; } =
        new(CommandsFailureKind.CommandTimeout, CommandEffect.NotDone, "There was no time left to carry the command out.");

    /// <summary>Whether the call was still allowed could not be asked.</summary>
    public static CommandsFailure NotAsked { get; } =
        new(CommandsFailureKind.RouterBusy, CommandEffect.NotDone, "Whether the command is still allowed could not be checked.");

    public static CommandsFailure SessionEnded { get; } =
        new(CommandsFailureKind.SessionEnded, CommandEffect.NotDone, "The session has ended.");

    /// <summary>The session is unknown there, and stays so.</summary>
    public static CommandsFailure SessionNotKept { get; } =
        Unavailable(CommandEffect.NotDone, "The Commands-Server does not keep the session.", ServerRetryAfter);

    /// <summary>Data of the wrong shape where the shape matters.</summary>
    public static CommandsFailure WrongShape { get; } = Protocol("had data of the wrong shape");

    public static CommandsFailure NotSupported { get; } =
        new(CommandsFailureKind.NotSupported, CommandEffect.NotDone, "The Commands-Server does not support this.");

    private static CommandsFailure JudgeRefusal(CallOutcome.Envelope envelope, CommandsCall call, CommandsServerOptions options)
    {
        var cleaner = DetailCleaner.For(call, options.ApiKey);
        var code = cleaner.CleanCode(envelope.Code);
        if (envelope.IsSessionInvalid)
        {
            return SessionNotKept with { UpstreamCode = code };
        }

        if (SaysRouterIsAway(envelope))
        {
            return new(CommandsFailureKind.RouterUnreachable, CommandEffect.NotDone, "The router cannot be reached at the moment.", code)
            {
                RetryAfter = RouterRetryAfter,
            };
        }

        return (envelope.Status, envelope.Code) switch
        {
            (408, _) => new(
                CommandsFailureKind.CommandTimeout,
                CommandEffect.Unknown,
                "The command outran its time on the router; it may still have been carried out.",
                code
            ),
            (501, _) or (_, "NOT_IMPLEMENTED") => NotSupported with { UpstreamCode = code },
            (400, _) => Protocol("was a refusal of a request that the contract allows") with
            {
                Effect = CommandEffect.NotDone,
                UpstreamCode = code,
            },
            _ => Failed(envelope, call, options) with
            {
                Detail = cleaner.Clean(envelope.Message) ?? "The command failed.",
                UpstreamCode = code,
            },
        };
    }

    private static CommandsFailure Failed(CallOutcome.Envelope envelope, CommandsCall call, CommandsServerOptions options)
    {
        var foundNoDevice =
            call.Operation is CommandsOperation.Block or CommandsOperation.Unblock && SaysNoDevice(envelope.Message ?? "", options.Dialect);
        var mayHaveBeenDone =
            envelope.Code == "UNEXPECTED_SERVER_ERROR" || (!foundNoDevice && MayHaveBeenDone(call.Operation, options.Dialect));
        return new(CommandsFailureKind.CommandFailed, mayHaveBeenDone ? CommandEffect.Unknown : CommandEffect.NotDone, "")
        {
            FoundNoDevice = foundNoDevice,
        };
    }

    private static bool SaysItIsGone(CommandsOperation operation, string message) =>
        operation switch
        {
            CommandsOperation.Unblock => AlreadyRemoved().IsMatch(message),
            CommandsOperation.BlacklistRemove or CommandsOperation.WhitelistRemove => AlreadyRemoved().IsMatch(message)
                || NotInList().IsMatch(message),
            _ => false,
        };

    // What the deployed form says is known, and its firewall names devices of its own. The plan has a code alone for it.
    private static bool SaysNoDevice(string message, CommandsDialect dialect) =>
        NoDevice().IsMatch(message)
        || (
            dialect is CommandsDialect.Plan
            && NoDeviceInOtherWords().IsMatch(message)
            && !AlreadyRemoved().IsMatch(message)
            && !message.Contains("rule", StringComparison.OrdinalIgnoreCase)
        );

    // The deployed form reports a rule as failed that it made, when the restart of the router's firewall had anything to say.
    private static bool MayHaveBeenDone(CommandsOperation operation, CommandsDialect dialect) =>
        dialect is CommandsDialect.Deployed
        && operation is (CommandsOperation.Block or CommandsOperation.Unblock or CommandsOperation.Reset);

    private static bool SaysRouterIsAway(CallOutcome.Envelope envelope) =>
        envelope.Status is 404 or 503
        || envelope.Code
            is "ROUTER_UNREACHABLE"
                or "TUNNEL_OR_ROUTER_UNAVAILABLE"
                or "ROUTER_NOT_FOUND"
                or "SESSION_SETUP_FAILED"
                or "INFRASTRUCTURE_SETUP_FAILED"
        || envelope.Message is { } message
            && (
                message.Contains("not found in Port-Manager", StringComparison.OrdinalIgnoreCase)
                || message.Contains("Unable to connect to port", StringComparison.OrdinalIgnoreCase)
            );

    private static CommandsFailure Protocol(string what) =>
        new(CommandsFailureKind.ProtocolError, CommandEffect.Unknown, $"The Commands-Server's answer {what}.");

    private static CommandsFailure Unavailable(CommandEffect effect, string detail, TimeSpan retryAfter, string? code = null) =>
        new(CommandsFailureKind.Unavailable, effect, detail, code) { RetryAfter = retryAfter };

    [GeneratedRegex("could not find MAC for|not in the ARP table", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex NoDevice();

    [GeneratedRegex(
        @"\bno (device|client|MAC|ARP|lease)\b|\bunknown (device|client|IP|MAC|address)\b"
            + @"|\b(device|client|IP|MAC|address)\b[^:\n]{0,60}\b(not (found|present|connected|online)|absent|offline|away)\b"
            + @"|(not|unable to|failed to) (find( the)? (device|client)|(find|resolve|determine)( the)? (MAC|IP|address))\b",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex NoDeviceInOtherWords();

    [GeneratedRegex(
        "not found.*already (unblocked|removed)",
        RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.NonBacktracking
    )]
    private static partial Regex AlreadyRemoved();

    [GeneratedRegex(@"not (found )?(in|on) (the )?(\w+ )?\w*list\b", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex NotInList();
}
