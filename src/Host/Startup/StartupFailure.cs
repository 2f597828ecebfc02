using Microsoft.Extensions.Options;
using NetPilot.Persistence;

namespace NetPilot.Host.Startup;

/// <summary>
/// Why the server did not start, where the one who starts it can do something about it: one sentence that names the setting, instead of a
/// stack trace. What is nobody's setting stays an unhandled exception.
/// </summary>
internal static class StartupFailure
{
    public static string? SentenceFor(Exception exception) =>
        exception switch
        {
            OptionsValidationException invalid => string.Join(' ', invalid.Failures),
            AggregateException several
                when several.InnerExceptions.Select(SentenceFor).ToArray() is var sentences
                    && sentences.All(sentence => sentence is not null) => string.Join(' ', sentences),
            DatabaseStartException database => database.Message,
            // The binder's own words: "Failed to convert configuration value at 'RateLimits:AuthPerMinute' to type 'System.Int32'."
            InvalidOperationException { Message: var words } when words.StartsWith("Failed to convert config", StringComparison.Ordinal) =>
                words,
            // A settings file that is no JSON, a port that is taken.
            InvalidDataException or IOException => exception.Message,
            _ => null,
        };
}
