namespace NetPilot.Routers.Features;

/// <summary>The answer to a command that brings no data.</summary>
internal sealed record MessageResponse(string Message);
