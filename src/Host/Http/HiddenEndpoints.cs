namespace NetPilot.Host.Http;

/// <summary>
/// FastEndpoints maps an anonymous list of all routes for its test tools: here there is nothing at that path, whatever the method. For another one
/// routing has an endpoint of its own, which answers 405.
/// </summary>
internal sealed class HiddenEndpoints(RequestDelegate next)
{
    private static readonly PathString Hidden = "/_test_url_cache_";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(Hidden))
        {
            context.SetEndpoint(null);
        }

        return next(context);
    }
}
