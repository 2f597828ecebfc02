using System.Net.Sockets;
using System.Security.Cryptography;

namespace NetPilot.Host.Startup;

/// <summary>
/// Why the server did not start, where the one who starts it can do something about it: one sentence that names the setting, instead of a
/// stack trace. What is nobody's setting stays an unhandled exception.
/// </summary>
internal static class StartupFailure
{
    /// <summary>The exit code of a process that SIGTERM ends.</summary>
    public const int Stopped = 143;

    public static string? SentenceFor(Exception exception) =>
        exception switch
        {
            OptionsValidationException invalid => string.Join(' ', invalid.Failures),
            AggregateException several
                when several.InnerExceptions.Select(SentenceFor).ToArray() is var sentences
                    && sentences.All(sentence => sentence is not null) => string.Join(' ', sentences),
            DatabaseStartException or SettingsException => exception.Message,
            // The binder's own words: "Failed to convert configuration value at 'RateLimits:AuthPerMinute' to type 'System.Int32'."
            InvalidOperationException { Message: var words } when words.StartsWith("Failed to convert config", StringComparison.Ordinal) =>
                words,
            InvalidOperationException { Message: var words } when words.Contains("Serilog", StringComparison.Ordinal) =>
                $"A level of Serilog:MinimumLevel:Default or Serilog:MinimumLevel:Override is none: {words}",
            InvalidOperationException { Message: var words } when words.Contains("HTTPS endpoint", StringComparison.Ordinal) =>
                $"Kestrel:Certificates:Default is needed for an https address: {words.ReplaceLineEndings(" ")}",
            // An address of ASPNETCORE_URLS or Kestrel:Endpoints that this machine does not have, or a port that the user may not open.
            SocketException => $"An address to listen on (ASPNETCORE_URLS, Kestrel:Endpoints) cannot be used: {exception.Message}.",
            FileNotFoundException or CryptographicException =>
                $"A certificate of Kestrel:Certificates or Kestrel:Endpoints cannot be read: {exception.Message}",
            UnauthorizedAccessException => $"A file cannot be opened: {exception.Message}",
            // A settings file that is no JSON, a port that is taken.
            InvalidDataException or IOException => exception.Message,
            _ => null,
        };
}
