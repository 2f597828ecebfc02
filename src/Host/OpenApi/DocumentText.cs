namespace NetPilot.Host.OpenApi;

/// <summary>
/// The document as text, without what the library writes and the specification has no place for: members beside a <c>$ref</c>, members of its
/// own, empty descriptions, a choice of one, and limits of integers with decimals. What it leaves out is added: that an operation needs no token.
/// </summary>
internal static class DocumentText
{
    public static string Of(OpenApiDocument document)
    {
        var json = JObject.Parse(document.ToJson());
        foreach (var operation in json["paths"]!.Children<JProperty>().SelectMany(path => path.Value.Children<JProperty>()))
        {
            ((JObject)operation.Value).TryAdd("security", new JArray());
        }

        Clean(json);
        return json.ToString();
    }

    private static void Clean(JToken token)
    {
        foreach (var child in token.Children().ToArray())
        {
            Clean(child);
        }

        switch (token)
        {
            case JObject item when item["$ref"] is { } reference:
                item.ReplaceAll(new JProperty("$ref", reference));
                break;
            case JProperty { Name: "oneOf", Value: JArray { Count: 1 } } only:
                only.Replace(new JProperty("allOf", only.Value));
                break;
            case JProperty { Name: "x-name" or "x-position" } or JProperty { Name: "description", Value: JValue { Value: "" } }:
                token.Remove();
                break;
            case JProperty { Name: "minimum" or "maximum", Value: JValue { Value: double limit } value }:
                value.Value = (long)limit;
                break;
        }
    }
}
