namespace NetPilot.Host.Http;

/// <summary>
/// Refuses what no endpoint takes, after the caller is known and before anything is bound: control characters in the query, bodies that are not plain
/// JSON, and requests that cannot be read to their end.
/// </summary>
internal sealed class RequestForm(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (context.GetEndpoint() is not { } endpoint)
        {
            return next(context);
        }

        var definition = endpoint.Metadata.GetMetadata<EndpointDefinition>();
        var hasBody = definition is not null && JsonBody.IsThere(request);
        return hasBody && RequestShape.Of(definition!.ReqDtoType).IsBodyOptional
            ? AfterLookAsync(context, definition)
            : InvokeAsync(context, definition, hasBody);
    }

    private Task InvokeAsync(HttpContext context, EndpointDefinition? definition, bool hasBody)
    {
        var request = context.Request;
        var refusal = RefusalOfQuery(request.Query) ?? (definition is null ? null : RefusalOfBody(request, definition, hasBody));
        return refusal is not null ? ProblemWriter.WriteAsync(context, refusal)
            : hasBody && !IsRead(request, definition!) ? AfterBodyAsync(context)
            : next(context);
    }

    /// <summary>A proxy that got no body, and no length, over HTTP/3 announces one in chunks, which is empty.</summary>
    private async Task AfterLookAsync(HttpContext context, EndpointDefinition definition)
    {
        var body = context.Request.BodyReader;
        var read = await body.ReadAsync(context.RequestAborted);
        body.AdvanceTo(read.Buffer.Start);
        await InvokeAsync(context, definition, hasBody: !read.Buffer.IsEmpty);
    }

    /// <summary>Nobody reads the body, so that its size does not matter; whether it can be read does.</summary>
    private async Task AfterBodyAsync(HttpContext context)
    {
        try
        {
            await context.Request.Body.DrainAsync(context.RequestAborted);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge) { }
        catch (Exception exception) when (ExceptionProblems.Of(exception) is { Status: StatusCodes.Status400BadRequest })
        {
            UnreadBodies.Announce(context);
            await ProblemWriter.WriteAsync(context, Problem.Invalid("body", "Must be readable to its end."));
            return;
        }

        await next(context);
    }

    private static bool IsRead(HttpRequest request, EndpointDefinition definition) =>
        RequestShape.Of(definition.ReqDtoType).HasBody && !HttpMethods.IsGet(request.Method);

    private static Problem? RefusalOfQuery(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (HasControl(name))
            {
                return Problem.Invalid("query", "Must not contain control characters.");
            }

            foreach (var value in values)
            {
                if (HasControl(value))
                {
                    return Problem.Invalid(name.Length == 0 ? "query" : name, "Must not contain control characters.");
                }
            }
        }

        return null;
    }

    private static Problem? RefusalOfBody(HttpRequest request, EndpointDefinition definition, bool hasBody)
    {
        if (!IsRead(request, definition))
        {
            // Nobody reads it, and binding is not to take it for a form.
            request.ContentType = null;
            return null;
        }

        if (!hasBody)
        {
            // A type is announced by some clients whether there is a body or not.
            request.ContentType = null;
            return RequestShape.Of(definition.ReqDtoType).IsBodyOptional ? null : Problem.MalformedJson("A JSON body is needed.");
        }

        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            return UnsupportedMediaType("The body must not be compressed.");
        }

        return !Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
                ? UnsupportedMediaType("The body must be application/json.")
            : type.Charset.HasValue && !IsUtf8(type.Charset.Value.AsSpan().Trim('"')) ? UnsupportedMediaType("The body must be in UTF-8.")
            : null;
    }

    private static bool IsUtf8(ReadOnlySpan<char> charset) =>
        charset.Equals(Encoding.UTF8.WebName, StringComparison.OrdinalIgnoreCase)
        || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase);

    private static Problem UnsupportedMediaType(string detail) => new(ErrorCodes.UnsupportedMediaType, detail);

    private static bool HasControl(string? text) => text is not null && text.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0;
}
