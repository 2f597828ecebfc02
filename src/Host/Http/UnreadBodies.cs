using Microsoft.AspNetCore.Http.Features;
using NetPilot.Host.Problems;

namespace NetPilot.Host.Http;

/// <summary>
/// Announces with <c>Connection: close</c> that Kestrel closes the connection after the answer because it cannot read the rest of the request's body. A
/// client that is not told sends its next request on that connection and gets no answer.
/// </summary>
internal sealed class UnreadBodies(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (HttpProtocol.IsHttp11(request.Protocol) && (request.Headers.TransferEncoding.Count > 0 || IsTooLong(context)))
        {
            context.Response.OnStarting(
                static state =>
                {
                    var context = (HttpContext)state;
                    if (IsTooLong(context) || !IsReadToEnd(context.Request))
                    {
                        context.Response.Headers.Connection = "close";
                    }

                    return Task.CompletedTask;
                },
                context
            );
        }

        return next(context);
    }

    private static bool IsTooLong(HttpContext context) =>
        context.Request.ContentLength > context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;

    /// <summary>Whether the body was read to its end. Where nobody began to read chunks, nobody knows how many there are.</summary>
    private static bool IsReadToEnd(HttpRequest request)
    {
        try
        {
            if (!request.BodyReader.TryRead(out var rest))
            {
                return false;
            }

            request.BodyReader.AdvanceTo(rest.Buffer.Start);
            return rest.IsCompleted;
        }
        catch (Exception exception) when (ExceptionProblems.Of(exception) is { Status: < StatusCodes.Status500InternalServerError })
        {
            return false;
        }
    }
}
