using Microsoft.Extensions.FileProviders;
using NSwag.AspNetCore;

namespace NetPilot.Host.OpenApi;

/// <summary>
/// Swagger UI: the files that NSwag brings, and a page of our own. NSwag's page has its script within it, which the Content-Security-Policy
/// does not allow. The files stand before routing, where everything unknown needs a token.
/// </summary>
internal static class SwaggerPages
{
    private const string Path = "/swagger";

    public static void UseSwaggerPages(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<IOptions<SwaggerSettings>>().Value.Enabled)
        {
            return;
        }

        app.Use(
            (context, next) =>
            {
                if (context.Request.Path.StartsWithSegments(Path))
                {
                    // Files are given whole: a part that is not there, or a condition that does not hold, would be a status without a problem.
                    context.Request.Headers.Range = default;
                    context.Request.Headers.IfMatch = default;
                    context.Request.Headers.IfUnmodifiedSince = default;
                }

                if (
                    !HttpMethods.IsGet(context.Request.Method)
                    || !context.Request.Path.StartsWithSegments(Path, out var rest)
                    || rest.Value is not ("" or "/")
                )
                {
                    return next(context);
                }

                // Relative, so that a proxy may serve the page below a prefix.
                context.Response.Redirect(rest.Value is "/" ? "index.html" : "swagger/index.html");
                return Task.CompletedTask;
            }
        );
        app.UseStaticFiles(
            new StaticFileOptions
            {
                RequestPath = Path,
                FileProvider = new CompositeFileProvider(
                    new EmbeddedFileProvider(typeof(SwaggerPages).Assembly, "NetPilot.Host.OpenApi.Pages"),
                    new EmbeddedFileProvider(typeof(SwaggerUiSettings).Assembly, "NSwag.AspNetCore.SwaggerUi")
                ),
            }
        );
    }
}
