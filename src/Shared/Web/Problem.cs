namespace NetPilot.Web;

/// <summary>A refusal or failure, as RFC 9457 problem details will say it.</summary>
public sealed record Problem(string Code, string Detail)
{
    /// <summary>The status of the code, unless the HTTP server itself has chosen another one.</summary>
    public int Status { get; init; } = ProblemCatalogue.StatusOf(Code);

    public IReadOnlyList<FieldError>? Errors { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public static Problem Invalid(params IReadOnlyList<FieldError> errors) =>
        new(ErrorCodes.ValidationFailed, "One or more fields are invalid.") { Errors = errors };

    public static Problem Invalid(string name, string reason) => Invalid(new FieldError(name, reason));

    public static Problem MalformedJson(string detail) => new(ErrorCodes.MalformedJson, detail);

    public static Problem BodyTooLarge() => new(ErrorCodes.BodyTooLarge, "The body is larger than 64 KiB.");

    public static Problem InvalidCursor() => new(ErrorCodes.InvalidCursor, "The cursor is not one that this list gave out.");

    public static Problem Unauthorized() => new(ErrorCodes.Unauthorized, "A valid access token is needed.");

    public static Problem Forbidden() => new(ErrorCodes.Forbidden, "Your role does not allow this.");

    public static Problem TierRequired(string what) => new(ErrorCodes.TierRequired, $"Your tier does not include {what}.");

    public static Problem TierLimit(string what, int limit) =>
        new(ErrorCodes.TierLimitReached, $"Your tier allows {limit} {what}, and you have them all in use.");

    public static Problem LimitReached(string what, int limit) =>
        new(ErrorCodes.LimitReached, $"There can be {limit} {what}, and there are.");

    public static Problem NothingHere() => new(ErrorCodes.NotFound, "There is nothing at this path.");

    public static Problem RouterNotFound() => new(ErrorCodes.RouterNotFound, "You have no router with this id.");

    public static Problem RouterBusy() =>
        new(ErrorCodes.RouterBusy, "The router was busy with other commands for the whole time; nothing was sent.")
        {
            RetryAfter = TimeSpan.FromSeconds(5),
        };

    public static Problem DatabaseUnavailable() =>
        new(ErrorCodes.DatabaseUnavailable, "The database cannot be reached or takes no writes at the moment.")
        {
            RetryAfter = TimeSpan.FromSeconds(2),
        };
}

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Name">The field, by the request's own name for it.</param>
/// <param name="Reason">What is wrong, for a person.</param>
/// <example>{"name":"ip","reason":"Must be an IPv4 address in canonical form, such as 192.168.1.10."}</example>
public sealed record FieldError(string Name, string Reason);

/// <summary>Ends a request with a problem. Thrown by handlers where a refusal is found; written by the one place that writes problems.</summary>
public sealed class ProblemException(Problem problem) : Exception($"{problem.Status} {problem.Code}")
{
    /// <param name="code">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="detail">What happened, for a person.</param>
    /// <param name="retryAfter">How long to wait before a repeat; null where a repeat does not help.</param>
    public ProblemException(string code, string detail, TimeSpan? retryAfter = null)
        : this(new Problem(code, detail) { RetryAfter = retryAfter }) { }

    public Problem Problem { get; } = problem;
}
