using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace NetPilot.Host.Tests.Fuzz;

/// <summary>An operation as docs/openapi.json tells it: what may be sent, and what may come.</summary>
internal sealed partial record DocumentedOperation(
    string Id,
    string Method,
    string Path,
    bool NeedsToken,
    IReadOnlyList<JsonObject> Parameters,
    JsonObject? Body,
    IReadOnlyDictionary<int, IReadOnlySet<string>> Answers
)
{
    public IEnumerable<string> Placeholders => Placeholder().Matches(Path).Select(match => match.Groups[1].Value);

    public override string ToString() => $"{Method} {Path}";

    public static IReadOnlyList<DocumentedOperation> ReadAll(JsonNode document) =>
        [
            .. document["paths"]!
                .AsObject()
                .SelectMany(path =>
                    path.Value!.AsObject()
                        .Select(method => Read(document, method.Key.ToUpperInvariant(), path.Key, method.Value!.AsObject()))
                )
                .OrderBy(operation => operation.Id, StringComparer.Ordinal),
        ];

    private static DocumentedOperation Read(JsonNode document, string method, string path, JsonObject operation) =>
        new(
            (string)operation["operationId"]!,
            method,
            path,
            operation["security"] is not null,
            [.. (operation["parameters"] as JsonArray ?? []).Select(parameter => parameter!.AsObject())],
            operation["requestBody"]?["content"]?["application/json"]?["schema"] is { } schema ? Resolve(document, schema) : null,
            operation["responses"]!
                .AsObject()
                .ToDictionary(
                    answer => int.Parse(answer.Key, System.Globalization.CultureInfo.InvariantCulture),
                    IReadOnlySet<string> (answer) =>
                        Code().Matches((string?)answer.Value!["description"] ?? "").Select(match => match.Groups[1].Value).ToHashSet()
                )
        );

    private static JsonObject Resolve(JsonNode document, JsonNode schema) =>
        (string?)schema["$ref"] is { } reference
            ? document["components"]!["schemas"]![reference.Split('/')[^1]]!.AsObject()
            : schema.AsObject();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Code();
}
