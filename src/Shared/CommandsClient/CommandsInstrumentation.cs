namespace NetPilot.CommandsClient;

/// <summary>
/// The names to listen to. The client's HTTP handler itself raises no activity, diagnostic event or log line: session ids travel in the query
/// of its requests, and so nothing that is attached to <c>System.Net.Http</c> can record them. The spans <c>commands …</c> stand in for it.
/// </summary>
public static class CommandsInstrumentation
{
    /// <summary>
    /// The meter: <c>netpilot.commands.duration</c> (histogram in seconds, by <c>operation</c> and <c>outcome</c>: <c>succeeded</c>,
    /// <c>cancelled</c>, <c>error</c>, or the failure's <c>code</c>), <c>netpilot.commands.breaker.state</c> (the circuit to the
    /// Commands-Server: 0 closed, 1 half open, 2 open) and <c>netpilot.commands.unreadable_rules</c> (counter of the entries of routers' lists
    /// of rules that name no device, by <c>operation</c> and <c>dialect</c>).
    /// </summary>
    public const string MeterName = "NetPilot.CommandsClient";

    /// <summary>The source of the spans <c>commands &lt;operation&gt;</c>, tagged with operation, router and outcome.</summary>
    public const string ActivitySourceName = "NetPilot.CommandsClient";
}
