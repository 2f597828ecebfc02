using NJsonSchema.Generation;

namespace NetPilot.Host.OpenApi;

/// <summary>Names as the REST contract has them: the schema <c>Router</c> for <c>RouterResponse</c>, the operation <c>login</c> for <c>LoginEndpoint</c>.</summary>
internal sealed class SchemaNames : ISchemaNameGenerator
{
    private static readonly string[] Suffixes = ["Response", "View", "Body"];

    public string Generate(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Page<>)
            ? Without(Suffixes, type.GetGenericArguments()[0].Name) + "Page"
            : Without(Suffixes, type.Name);

    public static string OfOperation(Type endpoint) => OfProperty(Without(["Endpoint"], endpoint.Name));

    public static string OfProperty(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    private static string Without(string[] suffixes, string name) =>
        Array.Find(suffixes, suffix => name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal)) is { } found
            ? name[..^found.Length]
            : name;
}
