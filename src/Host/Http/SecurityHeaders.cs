namespace NetPilot.Host.Http;

/// <summary>Headers that every answer has, errors included: they are set when the answer starts, so that nothing clears them.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string ForData = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI loads its own files, styles elements, and draws with data: images.
    private const string ForSwagger =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                var context = (HttpContext)state;
                var headers = context.Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/swagger") ? ForSwagger : ForData;
                if (context.Request.IsHttps)
                {
                    headers.StrictTransportSecurity = "max-age=31536000";
                }

                if (headers.CacheControl.Count == 0)
                {
                    var path = context.Request.Path;
                    // Tokens, personal data, and what was true a moment ago: no cache on the way keeps them. Files are asked for again after an upgrade.
                    headers.CacheControl = path.StartsWithSegments("/api") || path.StartsWithSegments("/health") ? "no-store" : "no-cache";
                }

                return Task.CompletedTask;
            },
            context
        );
        return next(context);
    }
}
