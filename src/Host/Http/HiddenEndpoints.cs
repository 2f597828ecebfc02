namespace NetPilot.Host.Http;

/// <summary>
/// Paths that are as if they were absent, whatever the method: for another one than theirs routing has an endpoint of its own, which answers 405.
/// These are the anonymous list of all routes that FastEndpoints maps for its test tools, and the metrics on other ports than their own.
/// </summary>
internal sealed class HiddenEndpoints(RequestDelegate next, IOptions<MetricsOptions> metrics)
{
    private static readonly PathString Hidden = "/_test_url_cache_";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(Hidden) || metrics.Value.AreElsewhere(context))
        {
            context.SetEndpoint(null);
        }

        return next(context);
    }
}
