using System.Net.Sockets;
using System.Text.Json;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Host.Problems;

/// <summary>What each exception means to the one who made the request.</summary>
internal static class ExceptionProblems
{
    /// <summary>The problem, or null for what nobody foresaw (500).</summary>
    public static Problem? Of(Exception exception) =>
        exception switch
        {
            ProblemException refusal => refusal.Problem,
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new Problem(
                413,
                ErrorCodes.BodyTooLarge,
                "The body is larger than 64 KiB."
            ),
            BadHttpRequestException { InnerException: JsonException json } => Of(json),
            BadHttpRequestException => Problem.MalformedJson("The request could not be read to its end."),
            JsonException json => OfJson(json),
            _ => IsDatabaseAway(exception) ? Problem.DatabaseUnavailable() : null,
        };

    // A reader's error is about the text; any other comes from a value that is well-formed but not what the field takes.
    private static Problem OfJson(JsonException exception) =>
        exception.InnerException is JsonException || exception.Path is null || exception.GetType() != typeof(JsonException)
            ? Problem.MalformedJson("The body is not well-formed JSON.")
            : Problem.Invalid(FieldOf(exception.Path), Reason(exception));

    private static string FieldOf(string path) => path is "$" ? "body" : path.TrimStart('$').TrimStart('.');

    private static string Reason(JsonException exception) =>
        exception.Message.StartsWith("Must ", StringComparison.Ordinal) ? exception.Message
        : exception.Path is "$" ? "Must be a JSON object."
        : "Has the wrong type.";

    private static bool IsDatabaseAway(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case PostgresException postgres:
                    return postgres.IsTransient || postgres.SqlState is ['5', '7', 'P', ..] or ['0', '8', ..] or ['5', '3', ..];
                case NpgsqlException:
                case SocketException:
                    return true;
            }
        }

        return false;
    }
}
