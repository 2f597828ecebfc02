using NetPilot.CommandsClient;

namespace NetPilot.Web;

/// <summary>A refusal or failure, as RFC 9457 problem details will say it.</summary>
public sealed record Problem(int Status, string Code, string Detail)
{
    public IReadOnlyList<FieldError>? Errors { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public static Problem Invalid(params IReadOnlyList<FieldError> errors) =>
        new(400, ErrorCodes.ValidationFailed, "One or more fields are invalid.") { Errors = errors };

    public static Problem Invalid(string name, string reason) => Invalid(new FieldError(name, reason));

    public static Problem MalformedJson(string detail) => new(400, ErrorCodes.MalformedJson, detail);

    public static Problem InvalidCursor() => new(400, ErrorCodes.InvalidCursor, "The cursor is not one that this list gave out.");

    public static Problem Unauthorized() => new(401, ErrorCodes.Unauthorized, "A valid access token is needed.");

    public static Problem Forbidden() => new(403, ErrorCodes.Forbidden, "Your role does not allow this.");

    public static Problem TierRequired(string what) => new(403, ErrorCodes.TierRequired, $"Your tier does not include {what}.");

    public static Problem TierLimit(string what, int limit) =>
        new(403, ErrorCodes.TierLimitReached, $"Your tier allows {limit} {what}, and you have them all in use.");

    public static Problem RouterNotFound() => new(404, ErrorCodes.RouterNotFound, "You have no router with this id.");

    public static Problem NotFound(string code, string detail) => new(404, code, detail);

    public static Problem Conflict(string code, string detail) => new(409, code, detail);

    public static Problem RouterBusy() =>
        new(503, ErrorCodes.RouterBusy, "The router was busy with other commands for the whole time; nothing was sent.")
        {
            RetryAfter = TimeSpan.FromSeconds(5),
        };

    public static Problem DatabaseUnavailable() =>
        new(503, ErrorCodes.DatabaseUnavailable, "The database cannot be reached or takes no writes at the moment.")
        {
            RetryAfter = TimeSpan.FromSeconds(2),
        };

    /// <summary>A failed call to the Commands-Server, by the REST contract's table "Downstream failures".</summary>
    public static Problem From(CommandsFailure failure) =>
        failure.Kind == CommandsFailureKind.SessionEnded
            ? Unauthorized()
            : new(failure.Status, failure.Code, failure.Detail)
            {
                RetryAfter = failure.Status == 503 ? failure.RetryAfter ?? TimeSpan.FromSeconds(5) : null,
            };
}

/// <summary>What is wrong with one field of a request, by the request's own name for it.</summary>
public sealed record FieldError(string Name, string Reason);

/// <summary>Ends a request with a problem. Thrown by handlers where a refusal is found; written by the one place that writes problems.</summary>
public sealed class ProblemException(Problem problem) : Exception($"{problem.Status} {problem.Code}")
{
    public Problem Problem { get; } = problem;
}
