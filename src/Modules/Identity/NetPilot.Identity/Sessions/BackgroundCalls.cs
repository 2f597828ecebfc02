using Microsoft.Extensions.Logging;
using NetPilot.Background;

namespace NetPilot.Identity.Sessions;

/// <summary>Calls that a request begins and does not wait for. What a crash loses, PostgreSQL still knows, and the sweeper takes up.</summary>
internal sealed class BackgroundCalls(ILogger<BackgroundCalls> logger) : BackgroundWork(logger);
