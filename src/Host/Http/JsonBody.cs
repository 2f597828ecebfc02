using Microsoft.AspNetCore.Http.Features;

namespace NetPilot.Host.Http;

/// <summary>Reads a request's body: one JSON object.</summary>
internal static class JsonBody
{
    public static async ValueTask<object?> ReadAsync(
        HttpRequest request,
        Type type,
        JsonSerializerOptions json,
        CancellationToken cancellationToken
    )
    {
        // RequestForm has taken the type off where there is no body, and has refused the request if it needs one.
        if (HttpMethods.IsGet(request.Method) || !RequestShape.Of(type).HasBody || request.ContentType is null)
        {
            return null;
        }

        return await JsonSerializer.DeserializeAsync(request.Body, type, json, cancellationToken)
            ?? throw new ProblemException(Problem.Invalid("body", "Must be a JSON object."));
    }

    /// <summary>Whether there is a body, be it empty. HTTP/2 needs no header for one.</summary>
    public static bool IsThere(HttpRequest request) =>
        request.HttpContext.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody;
}
