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
            operation["security"]!.AsArray().Count > 0,
            [.. (operation["parameters"] as JsonArray ?? []).Select(parameter => parameter!.AsObject())],
            operation["requestBody"]?["content"]?["application/json"]?["schema"] is { } schema ? BodyOf(document, schema) : null,
            operation["responses"]!
                .AsObject()
                .ToDictionary(
                    answer => int.Parse(answer.Key, System.Globalization.CultureInfo.InvariantCulture),
                    IReadOnlySet<string> (answer) => CodesOf(Resolve(document, answer.Value!))
                )
        );

    private static JsonObject BodyOf(JsonNode document, JsonNode schema)
    {
        var body = Resolve(document, schema).DeepClone().AsObject();
        foreach (var (name, property) in body["properties"]!.AsObject().ToArray())
        {
            var value = Resolve(document, property!["allOf"]?[0] ?? property).DeepClone().AsObject();
            value["nullable"] = (bool?)property["nullable"] ?? false;
            body["properties"]![name] = value;
        }

        return body;
    }

    private static HashSet<string> CodesOf(JsonObject response) =>
        [
            .. (response["content"]?["application/problem+json"]?["schema"]?["properties"]?["code"]?["enum"] as JsonArray ?? []).Select(
                code => (string)code!
            ),
        ];

    private static JsonObject Resolve(JsonNode document, JsonNode node) =>
        (
            (string?)node["$ref"] is { } reference
                ? reference.TrimStart('#', '/').Split('/').Aggregate(document, (parent, name) => parent[name]!)
                : node
        ).AsObject();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
