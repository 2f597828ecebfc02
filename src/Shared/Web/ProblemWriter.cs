using System.Diagnostics;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace NetPilot.Web;

/// <summary>The only place that writes problem details, so that each has the same members.</summary>
public static class ProblemWriter
{
    // Nothing here is ever put into HTML, and details are for people: an apostrophe stays one.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } wait)
        {
            var seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        response.Headers.CacheControl = "no-store";
        var body = new ProblemBody(
            $"urn:netpilot:problem:{problem.Code}",
            ReasonPhrases.GetReasonPhrase(problem.Status),
            problem.Status,
            problem.Detail,
            context.Request.Path is { HasValue: true } path ? path.ToUriComponent() : "/",
            TraceId(context),
            problem.Code,
            problem.Errors
        );
        // A client that went away is no reason to abandon the outcome: nobody is listening any more, that's all.
        await JsonResponse.WriteAsync(response, body, Json, "application/problem+json", CancellationToken.None);
    }

    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

/// <summary>RFC 9457 problem details with the members that NetPilot adds.</summary>
/// <param name="Type">A URN that names the kind of problem.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What went wrong here, for a person.</param>
/// <param name="Instance">The path that was asked for.</param>
/// <param name="TraceId">Finds this request in logs and traces.</param>
/// <param name="Code">What went wrong, for a program.</param>
/// <param name="Errors">What is wrong with which field; only for <c>validation_failed</c>.</param>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Instance,
    string TraceId,
    string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<FieldError>? Errors
);
