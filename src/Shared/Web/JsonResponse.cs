namespace NetPilot.Web;

/// <summary>
/// Writes a JSON body in one piece, with its length. Over HTTP/1.1 a client has the whole answer before the request is logged: without a length, the
/// end of the body is sent after that. A body that cannot be serialized has sent nothing.
/// </summary>
public static class JsonResponse
{
    public static async Task WriteAsync(
        HttpResponse response,
        object? body,
        JsonSerializerOptions options,
        string contentType,
        CancellationToken cancellationToken
    )
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, body?.GetType() ?? typeof(object), options);
        response.ContentType = contentType;
        response.ContentLength = json.Length;
        await response.Body.WriteAsync(json, cancellationToken);
    }
}
