namespace NetPilot.Host.Problems;

/// <summary>What each exception means to the one who made the request.</summary>
internal static class ExceptionProblems
{
    private const string HttpServer = "Microsoft.AspNetCore.Server.Kestrel.Core";

    /// <summary>The problem, or null for what nobody foresaw (500).</summary>
    public static Problem? Of(Exception exception) =>
        exception switch
        {
            ProblemException refusal => refusal.Problem,
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Problem.BodyTooLarge(),
            BadHttpRequestException { InnerException: JsonException json } => OfJson(json),
            // Also a body that stops coming, which the HTTP server calls 408.
            BadHttpRequestException => Unreadable(),
            // Framing that the HTTP server does not call a bad request itself, such as a chunk's size of 0x80000000.
            IOException { Source: HttpServer } => Unreadable(),
            JsonException json => OfJson(json),
            _ => DatabaseFailures.IsUnavailable(exception) ? Problem.DatabaseUnavailable() : null,
        };

    // The reader's own errors come wrapped, and are about the text; the others are about a value that is well-formed, but not what the
    // field takes. The serializer's messages name our types, so that only the converters' own ("Must …") are passed on.
    private static Problem OfJson(JsonException exception)
    {
        if (exception.InnerException is JsonException || exception.Path is not { } path)
        {
            return Malformed();
        }

        if (exception.Message.StartsWith("Must ", StringComparison.Ordinal))
        {
            return Problem.Invalid(FieldOf(path), exception.Message);
        }

        if (exception.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
        {
            return Problem.Invalid(FieldOf(path), "Must not appear twice.");
        }

        return path != "$" ? Problem.Invalid(FieldOf(path), "Has the wrong type.")
            : exception.InnerException is null ? Problem.Invalid("body", "Must be a JSON object.")
            : Malformed();
    }

    /// <summary>Whether the HTTP server failed to read the request, and closes the connection after the answer.</summary>
    public static bool EndsConnection(Exception exception) => exception is IOException { Source: HttpServer };

    private static Problem Unreadable() => Problem.MalformedJson("The request could not be read to its end.");

    private static Problem Malformed() => Problem.MalformedJson("The body is not well-formed JSON.");

    private static string FieldOf(string path) => path is "$" ? "body" : path.TrimStart('$').TrimStart('.');
}
