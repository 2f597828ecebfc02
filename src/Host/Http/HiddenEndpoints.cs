namespace NetPilot.Host.Http;

/// <summary>FastEndpoints maps an anonymous list of all routes for its test tools: here there is nothing at that path.</summary>
internal sealed class HiddenEndpoints(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (
            context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route }
            && route.Contains("_test_url_cache_", StringComparison.Ordinal)
        )
        {
            context.SetEndpoint(null);
        }

        return next(context);
    }
}
