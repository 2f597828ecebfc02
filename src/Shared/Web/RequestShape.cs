using System.Collections.Concurrent;
using System.Reflection;
using FastEndpoints;

namespace NetPilot.Web;

/// <summary>
/// Where each property of a request comes from, told by its attributes: the one reading that body parsing, the OpenAPI document and the
/// architecture tests share.
/// </summary>
public sealed class RequestShape
{
    private static readonly ConcurrentDictionary<Type, RequestShape> Known = new();

    private RequestShape(Type type)
    {
        Properties = Inputs(type).Select(property => (property, SourceOf(property))).ToArray();
        IsBodyOptional = type.IsDefined(typeof(BodyIsOptionalAttribute), inherit: false);
    }

    public IReadOnlyList<(PropertyInfo Property, RequestSource Source)> Properties { get; }

    /// <summary>Whether a request without a body is one that has an empty object for it.</summary>
    public bool IsBodyOptional { get; }

    public bool HasBody => Properties.Any(input => input.Source == RequestSource.Body);

    public static RequestShape Of(Type request) => Known.GetOrAdd(request, static type => new RequestShape(type));

    public static RequestSource SourceOf(PropertyInfo property)
    {
        foreach (var attribute in property.GetCustomAttributes(inherit: true))
        {
            switch (attribute)
            {
                case RouteParamAttribute:
                    return RequestSource.Path;
                case QueryParamAttribute:
                    return RequestSource.Query;
                case FromHeaderAttribute:
                    return RequestSource.Header;
                case FromClaimAttribute or FromCookieAttribute or HasPermissionAttribute:
                    return RequestSource.Elsewhere;
            }
        }

        return RequestSource.Body;
    }

    private static IEnumerable<PropertyInfo> Inputs(Type type) =>
        type == typeof(EmptyRequest)
            ? []
            : type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true });
}

public enum RequestSource
{
    Body,
    Path,
    Query,
    Header,
    Elsewhere,
}
