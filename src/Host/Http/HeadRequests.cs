using Microsoft.Net.Http.Headers;

namespace NetPilot.Host.Http;

/// <summary>
/// HEAD is GET without a body, on every path: the application sees GET, and the HTTP server, which knows what was asked, sends the answer's
/// headers alone. Where a path takes GET, <c>Allow</c> says that it takes HEAD too.
/// </summary>
internal sealed class HeadRequests(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                Complete((HttpResponse)state);
                return Task.CompletedTask;
            },
            context.Response
        );
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Request.Method = HttpMethods.Get;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
        }
    }

    private static void Complete(HttpResponse response)
    {
        var allowed = response.Headers.GetCommaSeparatedValues(HeaderNames.Allow);
        if (allowed.Contains(HttpMethods.Get) && !allowed.Contains(HttpMethods.Head))
        {
            response.Headers.Allow = string.Join(", ", allowed.Append(HttpMethods.Head).Order(StringComparer.Ordinal));
        }
    }
}
