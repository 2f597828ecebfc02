using Microsoft.AspNetCore.Authorization.Policy;

namespace NetPilot.Host.Problems;

/// <summary>
/// Answers 401 and 403 with problems. Where a path takes anonymous requests, a wrong method or media type there is told as such (405, 415)
/// although the endpoint that routing puts in its place falls under the policy "authenticated".
/// </summary>
internal sealed class AuthorizationProblems : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(
        RequestDelegate next,
        HttpContext context,
        AuthorizationPolicy policy,
        PolicyAuthorizationResult authorizeResult
    ) =>
        authorizeResult.Succeeded || (authorizeResult.Challenged && IsRefusedOnAnonymousPath(context)) ? next(context)
        : authorizeResult.Challenged ? ProblemWriter.WriteAsync(context, Problem.Unauthorized())
        : ProblemWriter.WriteAsync(context, Problem.Forbidden());

    private static bool IsRefusedOnAnonymousPath(HttpContext context)
    {
        // Routing's own 405 and 415 endpoints are no RouteEndpoints and carry no metadata.
        if (context.GetEndpoint() is not { } refusal || refusal is RouteEndpoint)
        {
            return false;
        }

        return context
            .RequestServices.GetRequiredService<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            .Any(endpoint =>
                endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null
                && new Microsoft.AspNetCore.Routing.Template.TemplateMatcher(
                    new Microsoft.AspNetCore.Routing.Template.RouteTemplate(endpoint.RoutePattern),
                    []
                ).TryMatch(context.Request.Path, [])
            );
    }
}
