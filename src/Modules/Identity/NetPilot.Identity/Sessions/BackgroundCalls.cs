namespace NetPilot.Identity.Sessions;

/// <summary>Calls that a request begins and does not wait for. After a crash the sweeper finds their rows.</summary>
internal sealed class BackgroundCalls(ILogger<BackgroundCalls> logger) : BackgroundWork(logger);
