using System.Reflection;
using System.Text.RegularExpressions;
using FastEndpoints;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Testing;

/// <summary>An endpoint of the running server.</summary>
public sealed partial record ApiEndpoint(string Method, string Pattern, bool IsAnonymous, Type EndpointType, Type RequestType)
{
    public override string ToString() => $"{Method} {Pattern}";

    /// <summary>The properties that a body brings: all that are not bound from elsewhere.</summary>
    public IReadOnlyList<PropertyInfo> BodyProperties =>
        Method == "GET" || RequestType == typeof(EmptyRequest)
            ? []
            :
            [
                .. RequestType
                    .GetProperties()
                    .Where(property => property.SetMethod is { IsPublic: true })
                    .Where(property =>
                        !property
                            .GetCustomAttributes(true)
                            .Any(attribute =>
                                attribute is RouteParamAttribute or QueryParamAttribute or FromHeaderAttribute or FromClaimAttribute
                            )
                    ),
            ];

    /// <summary>The path with these values in it.</summary>
    public string Path(IReadOnlyDictionary<string, string> values) =>
        Placeholder()
            .Replace(
                Pattern,
                match =>
                    values.TryGetValue(match.Groups[1].Value, out var value)
                        ? value
                        : throw new KeyNotFoundException($"{this}: what is {match.Value}?")
            );

    [GeneratedRegex(@"\{(\w+)[^}]*\}")]
    private static partial Regex Placeholder();
}

public static class ApiEndpoints
{
    /// <summary>Every endpoint of the modules, as routing knows them.</summary>
    public static IReadOnlyList<ApiEndpoint> Endpoints(this NetPilotServer server) =>
        [
            .. server
                .Services.GetRequiredService<EndpointDataSource>()
                .Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint => endpoint.Metadata.GetMetadata<EndpointDefinition>() is not null)
                .Select(endpoint =>
                {
                    var definition = endpoint.Metadata.GetMetadata<EndpointDefinition>()!;
                    return new ApiEndpoint(
                        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single(),
                        "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
                        endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null,
                        definition.EndpointType,
                        definition.ReqDtoType
                    );
                })
                .OrderBy(endpoint => endpoint.Pattern, StringComparer.Ordinal)
                .ThenBy(endpoint => endpoint.Method, StringComparer.Ordinal),
        ];
}
