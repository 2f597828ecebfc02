namespace NetPilot.Routers.Features;

/// <summary>The answer to a command that brings no data.</summary>
/// <param name="Message">What was done, for a person.</param>
/// <example>{"message":"The Wi-Fi is on."}</example>
internal sealed record MessageResponse(string Message);
