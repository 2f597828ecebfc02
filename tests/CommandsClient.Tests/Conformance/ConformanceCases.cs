using NetPilot.DevStack.Simulator;

namespace NetPilot.CommandsClient.Tests.Conformance;

/// <summary>
/// What the REST contract's table "Downstream failures" says of every way in which a call can go, written down here once more by hand, so that
/// the client is held to the contract and not to itself.
/// </summary>
internal static class ConformanceCases
{
    private static readonly Expected Success = new("success");
    private static readonly Expected Timeout = new("504 command_timeout", "unknown");
    private static readonly Expected Broken = new("503 commands_server_unavailable", "unknown");
    private static readonly Expected Unavailable = new("503 commands_server_unavailable", "not done");
    private static readonly Expected Protocol = new("502 commands_server_protocol_error", "unknown");
    private static readonly Expected Refused = new("502 commands_server_protocol_error", "not done");
    private static readonly Expected Unreachable = new("503 router_unreachable", "not done");
    private static readonly Expected Failed = new("502 command_failed", "not done");
    private static readonly Expected FailedUnknown = new("502 command_failed", "unknown");
    private static readonly Expected NotSupported = new("501 not_supported", "not done");
    private static readonly Expected Ended = new("401 unauthorized", "not done");

    public static IReadOnlyList<ConformanceCase> All { get; } =
    [
        new("all is well", null, Success) { Unimplemented = NotSupported },
        // No answer within the time.
        new("no answer", Fault(FaultKind.Hang), Timeout) { IsSlow = true },
        new("no answer, yet executed", Fault(FaultKind.Hang) with { Executed = true }, Timeout) { IsSlow = true },
        new("half of the body, then nothing", Fault(FaultKind.HangBody), Timeout) { IsSlow = true },
        // Connections.
        new("nobody listens", null, Unavailable) { IsStopped = true },
        new("connection broken before execution", Fault(FaultKind.ResetBefore), Broken) { RepeatsReads = true },
        new("connection broken after execution", Fault(FaultKind.ResetAfter), Broken) { RepeatsReads = true },
        new("connection broken once", Fault(FaultKind.ResetBefore) with { Times = 1 }, Broken) { Read = Success, RepeatsReads = true },
        // No envelope.
        new("HTML page, 500", Fault(FaultKind.Html), Broken) { RepeatsReads = true },
        new("HTML page, 502", Html(502), Broken) { RepeatsReads = true },
        new("HTML page, 503", Html(503), Broken) { RepeatsReads = true },
        new("HTML page, 501", Html(501), Broken) { RepeatsReads = true },
        new("HTML page, 500, once", Fault(FaultKind.Html) with { Times = 1 }, Broken) { Read = Success, RepeatsReads = true },
        new("HTML page, 200", Html(200), Protocol),
        new("HTML page, 400", Html(400), Protocol),
        new("HTML page, 401", Html(401), Protocol),
        new("HTML page, 404", Html(404), Protocol),
        new("HTML page, 405", Html(405), Protocol),
        new("HTML page, 408", Html(408), Protocol),
        new("redirect", Fault(FaultKind.Redirect), Protocol),
        new("truncated JSON", Fault(FaultKind.Truncated), Protocol) { Unimplemented = Broken },
        new("empty body", Fault(FaultKind.Empty), Protocol),
        new("empty body, 500", Fault(FaultKind.Empty) with { Status = 500 }, Broken) { RepeatsReads = true },
        new("text instead of JSON", Fault(FaultKind.NotJson), Protocol),
        new("text instead of JSON, 502", Fault(FaultKind.NotJson) with { Status = 502 }, Broken) { RepeatsReads = true },
        new("fields missing", Fault(FaultKind.MissingFields), Protocol),
        new("more than 4 MiB", Fault(FaultKind.Huge), Protocol) { Unimplemented = Broken },
        // Envelopes that say success.
        new("success with status 500", Fault(FaultKind.SuccessWith500), Protocol),
        new("success with status 404", Fault(FaultKind.SuccessWith500) with { Status = 404 }, Protocol),
        new("data: an odd object", Fault(FaultKind.WrongShape), Success) { Read = Protocol },
        new("data: null", Data("null"), Success) { Read = Protocol },
        new("data: a string", Data("\"done\""), Success) { Read = Protocol },
        new("data: a number", Data("42"), Success) { Read = Protocol },
        new("data: {}", Data("{}"), Success) { Read = Protocol },
        // Envelopes that say failure.
        new("failure with status 200", Fault(FaultKind.FailureWith200), Failed) { HealsStart = true, DeployedRule = FailedUnknown },
        new("401 SESSION_INVALID once", Envelope(401, "SESSION_INVALID") with { Times = 1 }, Success)
        {
            Mends = true,
            Start = Unavailable,
            Unimplemented = NotSupported,
            Refresh = Ended,
        },
        new("401 SESSION_INVALID for good", Envelope(401, "SESSION_INVALID"), Unavailable)
        {
            Mends = true,
            End = Success,
            Refresh = Ended,
        },
        new("401 UNAUTHORIZED", Envelope(401, "UNAUTHORIZED"), Failed) { DeployedRule = FailedUnknown },
        new("404 ROUTER_NOT_FOUND", Envelope(404, "ROUTER_NOT_FOUND"), Unreachable) { End = Success, HealsStart = true },
        new("404 SESSION_NOT_FOUND", Envelope(404, "SESSION_NOT_FOUND"), Unreachable)
        {
            End = Success,
            Refresh = Ended,
            HealsStart = true,
        },
        new("503 TUNNEL_OR_ROUTER_UNAVAILABLE", Envelope(503, "TUNNEL_OR_ROUTER_UNAVAILABLE"), Unreachable) { HealsStart = true },
        new("503 another code", Envelope(503, "SOMETHING_ELSE"), Unreachable) { HealsStart = true },
        new("500 ROUTER_UNREACHABLE", Envelope(500, "ROUTER_UNREACHABLE"), Unreachable) { HealsStart = true },
        new("500 SESSION_SETUP_FAILED", Envelope(500, "SESSION_SETUP_FAILED"), Unreachable) { HealsStart = true },
        new("500 INFRASTRUCTURE_SETUP_FAILED", Envelope(500, "INFRASTRUCTURE_SETUP_FAILED"), Unreachable) { HealsStart = true },
        new("500 message: not found in Port-Manager", Failure("Router r-1 not found in Port-Manager"), Unreachable) { HealsStart = true },
        new("500 message: unable to connect to port", Failure("[Errno None] Unable to connect to port 22 on 127.0.0.1"), Unreachable)
        {
            HealsStart = true,
        },
        new("408", Envelope(408, "COMMAND_TIMEOUT"), Timeout) { HealsStart = true },
        new("501 NOT_IMPLEMENTED", Envelope(501, "NOT_IMPLEMENTED"), NotSupported),
        new("500 NOT_IMPLEMENTED", Envelope(500, "NOT_IMPLEMENTED"), NotSupported) { HealsStart = true },
        new("400 BAD_REQUEST", Envelope(400, "BAD_REQUEST"), Refused),
        new("400 MISSING_SESSION_ID", Envelope(400, "MISSING_SESSION_ID"), Refused),
        new("400 SESSION_ALREADY_ACTIVE", Envelope(400, "SESSION_ALREADY_ACTIVE"), Refused) { Start = Success },
        new("500 COMMAND_FAILED", Envelope(500, "COMMAND_FAILED"), Failed) { HealsStart = true, DeployedRule = FailedUnknown },
        new("500 UNEXPECTED_SERVER_ERROR", Envelope(500, "UNEXPECTED_SERVER_ERROR"), FailedUnknown) { HealsStart = true },
        new("409 another code", Envelope(409, "SOMETHING_ELSE"), Failed) { HealsStart = true, DeployedRule = FailedUnknown },
    ];

    private static Fault Fault(FaultKind kind) => new(kind) { Times = null };

    private static Fault Html(int status) => Fault(FaultKind.Html) with { Status = status };

    private static Fault Data(string json) => Fault(FaultKind.Data) with { Data = json };

    private static Fault Envelope(int status, string code) => Fault(FaultKind.Envelope) with { Status = status, Code = code };

    private static Fault Failure(string message) => Envelope(500, "COMMAND_FAILED") with { Message = $"Command failed: {message}" };
}

/// <summary>One row: what happens to a call, and what the contract makes of it.</summary>
internal sealed record ConformanceCase(string Name, Fault? Fault, Expected Command)
{
    /// <summary>Where the shape of the data matters, or a repetition helps.</summary>
    public Expected? Read { get; init; }

    public Expected? Start { get; init; }

    public Expected? End { get; init; }

    public Expected? Refresh { get; init; }

    /// <summary>Where the deployed form's own 501 NOT_IMPLEMENTED for switching the Wi-Fi off shows through.</summary>
    public Expected? Unimplemented { get; init; }

    /// <summary>Where the deployed form may have changed the rules although it says that it failed.</summary>
    public Expected? DeployedRule { get; init; }

    /// <summary>Reads are made twice.</summary>
    public bool RepeatsReads { get; init; }

    /// <summary>Commands are made twice, with a session start between.</summary>
    public bool Mends { get; init; }

    /// <summary>The deployed dialect's start is made twice, with an end between.</summary>
    public bool HealsStart { get; init; }

    /// <summary>It takes the call's whole time.</summary>
    public bool IsSlow { get; init; }

    /// <summary>There is no Commands-Server.</summary>
    public bool IsStopped { get; init; }
}

/// <summary>An outcome as the REST contract names it.</summary>
internal sealed record Expected(string Answer, string? Effect = null)
{
    public override string ToString() => Effect is null ? Answer : $"{Answer}, {Effect}";
}
