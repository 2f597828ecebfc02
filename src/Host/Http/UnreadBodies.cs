using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

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
        if (request.Headers.TransferEncoding.Count > 0 || IsTooLong(context))
        {
            // The connection's own reader: whoever buffers the body replaces it by one that knows nothing of what was read before.
            var body = request.BodyReader;
            context.Response.OnStarting(() =>
            {
                // The look at the body is not to ask the client for one that is refused.
                context.Request.Headers.Expect = default;
                if (IsTooLong(context) || !IsReadToEnd(body))
                {
                    Announce(context);
                }

                return Task.CompletedTask;
            });
        }

        return next(context);
    }

    /// <summary>Says so for an answer that has not started. Other versions of HTTP have no such header.</summary>
    public static void Announce(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    private static bool IsTooLong(HttpContext context) =>
        context.Request.ContentLength > context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;

    /// <summary>Whether the body was read to its end. Where nobody began to read chunks, nobody knows how many there are.</summary>
    private static bool IsReadToEnd(PipeReader body)
    {
        try
        {
            if (!body.TryRead(out var rest))
            {
                return false;
            }

            body.AdvanceTo(rest.Buffer.Start);
            return rest.IsCompleted;
        }
        catch (Exception exception) when (ExceptionProblems.Of(exception) is { Status: < StatusCodes.Status500InternalServerError })
        {
            return false;
        }
    }
}
