using System.Reflection;
using FastEndpoints;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Architecture.Tests;

/// <summary>What the running server has mapped.</summary>
public sealed class EndpointTests(NetPilotServer server)
{
    private static readonly string[] Open =
    [
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/register",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /openapi/v1.json",
    ];

    /// <summary>FastEndpoints' own list of routes, which Host hides.</summary>
    private static readonly string[] Hidden = ["GET /_test_url_cache_"];

    [Fact]
    public void Every_endpoint_demands_a_token_or_is_on_this_short_list()
    {
        var open = server
            .Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .SelectMany(endpoint =>
                (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => $"{method} {Path(endpoint)}")
            )
            .Distinct();

        open.Except(Hidden).ShouldBe(Open, ignoreOrder: true);
    }

    [Fact]
    public void Admin_paths_demand_the_admins_role_and_no_others_do()
    {
        var byRole = server
            .Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<EndpointDefinition>() is not null)
            .ToLookup(
                endpoint => endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => !string.IsNullOrEmpty(data.Roles)),
                Path
            );

        byRole[true].ShouldAllBe(path => path.StartsWith("/api/v1/admin/", StringComparison.Ordinal));
        byRole[false].ShouldAllBe(path => !path.StartsWith("/api/v1/admin/", StringComparison.Ordinal));
        byRole[true].ShouldNotBeEmpty();
    }

    [Fact]
    public void What_a_request_takes_from_the_path_the_query_cannot_override()
    {
        var faults = new List<string>();
        foreach (var endpoint in server.Endpoints())
        {
            foreach (var name in RoutePatterns(endpoint))
            {
                var property = endpoint
                    .RequestType.GetProperties()
                    .SingleOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
                if (property?.GetCustomAttribute<RouteParamAttribute>() is null)
                {
                    faults.Add($"{endpoint.RequestType.Name}: {{{name}}} needs a property with [RouteParam]");
                }
            }

            foreach (
                var property in endpoint.RequestType.GetProperties().Where(p => p.GetCustomAttribute<RouteParamAttribute>() is not null)
            )
            {
                if (!RoutePatterns(endpoint).Contains(property.Name, StringComparer.OrdinalIgnoreCase))
                {
                    faults.Add($"{endpoint.RequestType.Name}.{property.Name} is [RouteParam], but {endpoint} has no such part");
                }
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public void What_a_request_takes_from_the_body_neither_path_nor_query_can_override()
    {
        const Source both = Source.QueryParam | Source.RouteParam;
        server
            .Endpoints()
            .SelectMany(endpoint => endpoint.BodyProperties.Select(property => (endpoint, property)))
            .Where(found => (found.property.GetCustomAttribute<DontBindAttribute>()?.BindingSources & both) != both)
            .Select(found =>
                $"{found.endpoint.RequestType.Name}.{found.property.Name} needs [DontBind(Source.QueryParam | Source.RouteParam)]"
            )
            .ShouldBeEmpty();
    }

    [Fact]
    public void A_request_without_a_body_says_of_each_property_where_it_comes_from() =>
        server
            .Endpoints()
            .Where(endpoint => endpoint.Method == "GET")
            .SelectMany(endpoint => endpoint.RequestType.GetProperties().Select(property => (endpoint, property)))
            .Where(found => found.property.SetMethod is { IsPublic: true })
            .Where(found =>
                !found.property.GetCustomAttributes().Any(a => a is RouteParamAttribute or QueryParamAttribute or FromHeaderAttribute)
            )
            .Select(found => $"{found.endpoint.RequestType.Name}.{found.property.Name}")
            .ShouldBeEmpty();

    [Fact]
    public void Nothing_is_bound_from_claims_or_forms() =>
        server
            .Endpoints()
            .SelectMany(endpoint => endpoint.RequestType.GetProperties().Select(property => (endpoint, property)))
            .Where(found =>
                found.property.GetCustomAttributes().Any(a => a is FromClaimAttribute or FromBodyAttribute or FromFormAttribute)
            )
            .Select(found => $"{found.endpoint.RequestType.Name}.{found.property.Name}")
            .ShouldBeEmpty();

    private static IEnumerable<string> RoutePatterns(ApiEndpoint endpoint) =>
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse(endpoint.Pattern).Parameters.Select(parameter => parameter.Name);

    private static string Path(RouteEndpoint endpoint)
    {
        var path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
        return path.StartsWith("/openapi/", StringComparison.Ordinal) ? "/openapi/v1.json" : path;
    }
}
