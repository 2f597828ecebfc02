namespace NetPilot.Host.Startup;

/// <summary>A setting keeps the server from starting; the message names it, to the one who starts it.</summary>
internal sealed class SettingsException(string message) : Exception(message);
