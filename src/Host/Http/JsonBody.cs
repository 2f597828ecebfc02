using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NetPilot.Web;

namespace NetPilot.Host.Http;

/// <summary>
/// Reads a request's body: one JSON object, no name twice, and only the properties that belong to the body. A body can't set what comes from
/// the path, the query or a header.
/// </summary>
internal static class JsonBody
{
    public static async ValueTask<object?> ReadAsync(
        HttpRequest request,
        Type type,
        JsonSerializerOptions json,
        CancellationToken cancellationToken
    )
    {
        if (HttpMethods.IsGet(request.Method) || !RequestShape.Of(type).HasBody)
        {
            return null;
        }

        if (request.ContentLength == 0 || request.ContentType is null)
        {
            if (RequestShape.Of(type).IsBodyOptional)
            {
                return null;
            }

            throw new ProblemException(Problem.MalformedJson("A JSON body is needed."));
        }

        return await JsonSerializer.DeserializeAsync(request.Body, type, json, cancellationToken)
            ?? throw new ProblemException(Problem.Invalid("body", "Must be a JSON object."));
    }

    /// <summary>The options to read requests with, made from those that write answers.</summary>
    public static JsonSerializerOptions ReadOptions(JsonSerializerOptions options) =>
        new(options)
        {
            AllowDuplicateProperties = false,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepBodyOnly } },
        };

    private static void KeepBodyOnly(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.ToArray())
        {
            if (property.AttributeProvider is System.Reflection.PropertyInfo input && RequestShape.SourceOf(input) != RequestSource.Body)
            {
                type.Properties.Remove(property);
            }
        }
    }
}
