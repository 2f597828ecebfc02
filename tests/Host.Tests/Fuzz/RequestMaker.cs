using System.Text;
using System.Text.Json.Nodes;
using NetPilot.Testing;

namespace NetPilot.Host.Tests.Fuzz;

/// <summary>A request, and what about it bears on the answer.</summary>
internal sealed record MadeRequest(HttpRequestMessage Message, TestUser By, bool IsElsewhere, string Description);

/// <summary>Makes requests from the document: right ones, and such as are wrong in one or several places.</summary>
internal sealed class RequestMaker(Random random, FuzzWorld world)
{
    // JSON values as they stand in a body.
    private static readonly string[] WrongValues =
    [
        "null",
        "true",
        "17",
        "-1",
        "1e400",
        "123456789012345678901234567890",
        "{}",
        "[]",
        "[[\"x\"]]",
        "\"\"",
        "\" \"",
        "\"a\\u0000b\"",
        "\"a\\u0007b\"",
        "\"\\ud800\"",
        "\"\\udfff\\ud800\"",
        "\"\\ufffe\\uffff\\ufdd0 and eleven more\"",
        "\"a\\ufffe\"",
        "\"e\\u0301\\u0323\\u0301 combining marks\"",
        "\"\\u202e\\u200b\\ufeff\"",
        "\"'; DROP TABLE users; --\"",
        "\"$(reboot) `reboot` |reboot\"",
        "\"%00%ff\"",
        "\"🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥\"",
        "\"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\"",
        "\"+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+\"",
        "\"ääääääääääääääääääääääääääääääääääääääääääää\"",
        "\"-infinity\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"2030-01-01\"",
        "\"0001-01-01T00:00:00+14:00\"",
        "\"256.1.1.1\"",
        "\"fe80::1%4\"",
        "\"192.168.001.010\"",
        "\"@\"",
        "\"a@b\"",
    ];

    private static readonly string[] WrongTexts =
    [
        "x",
        "%20",
        "%01",
        "%7f",
        "%c3%28",
        "%ff%fe",
        "%ed%a0%80",
        "%ef%bf%be",
        "%f0%9f%94%a5",
        "%zz",
        "%",
        "'%20OR%201=1",
        "-1",
        "0",
        "99999999999999999999",
        "00000000-0000-0000-0000-000000000000",
        "256.256.256.256",
        "192.168.001.010",
        "::1",
        "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        "++++++++++++++++++++++++++++++++++++++++++++",
        "null",
        "*",
    ];

    private static readonly (string Name, string Value)[] OddHeaders =
    [
        ("User-Agent", "Lo\u00efc's iPad"),
        ("Accept", "text/html;q=\u00e9"),
        ("Accept-Encoding", "gzip, br"),
        ("Prefer", "wait=99999999999999999999, respond-async; x=\"\u00e9"),
        ("Prefer", "wait=-1"),
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "\u00e9"),
        ("Idempotency-Key", "a b"),
        ("X-Forwarded-For", "not an address"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("If-Match", "*"),
        ("Range", "bytes=0-0"),
        ("traceparent", "00-00000000000000000000000000000000-0000000000000000-ff"),
        ("Expect", "100-continue"),
        ("Origin", "null"),
        ("Cookie", "session=\u00ff; ="),
    ];

    public MadeRequest Make(DocumentedOperation operation)
    {
        var by = world.UserFor(operation);
        var path = operation.Placeholders.Aggregate(
            operation.Path,
            (path, name) => path.Replace($"{{{name}}}", PathValue(operation, name), StringComparison.Ordinal)
        );
        var query = Query(operation);
        var method = Once(60) ? Pick("PUT", "PATCH", "DELETE", "GET", "POST", "OPTIONS", "TRACE", "BREW") : operation.Method;
        var isElsewhere = method != operation.Method;
        if (Once(80))
        {
            path += Pick("/x", "/", "//", "/%2e", ";a=b", "%2f..");
            isElsewhere = true;
        }

        var message = new HttpRequestMessage(new HttpMethod(method), new Uri(path + query, UriKind.Relative));
        var body = AddBody(message, operation);
        var token = Token(operation, by);
        if (token is not null)
        {
            message.Headers.TryAddWithoutValidation("Authorization", token);
        }

        foreach (
            var name in operation.Parameters.Where(p => (string?)p["in"] == "header").Select(p => (string)p["name"]!).Where(_ => Once(3))
        )
        {
            message.Headers.TryAddWithoutValidation(name, world.Right(operation, name));
        }

        if (Once(4))
        {
            var (name, value) = OddHeaders[random.Next(OddHeaders.Length)];
            message.Headers.TryAddWithoutValidation(name, value);
        }

        var headers = string.Join(
            "; ",
            message.Headers.Where(header => header.Key != "Authorization").Select(h => $"{h.Key}: {h.Value.First()}")
        );
        return new MadeRequest(message, by, isElsewhere, $"{operation.Id}: {method} {path}{query} [{headers}] {body}");
    }

    private string PathValue(DocumentedOperation operation, string name) =>
        random.Next(10) switch
        {
            0 => WrongTexts[random.Next(WrongTexts.Length)],
            1 when name == "routerId" => world.StrangersRouter.RouterId,
            1 => Guid.CreateVersion7().ToString(),
            _ when name == "deviceId" => world.Recall(name) ?? Guid.CreateVersion7().ToString(),
            _ when operation.Path.EndsWith("/blocked/{id}", StringComparison.Ordinal) => world.Recall("blockId")
                ?? Guid.CreateVersion7().ToString(),
            _ => world.Right(operation, name),
        };

    private string Query(DocumentedOperation operation)
    {
        var parts = new List<string>();
        foreach (
            var name in operation.Parameters.Where(p => (string?)p["in"] == "query").Select(p => (string)p["name"]!).Where(_ => Once(2))
        )
        {
            parts.Add(
                $"{name}={(Once(3) ? WrongTexts[random.Next(WrongTexts.Length)] : Uri.EscapeDataString(world.Right(operation, name)))}"
            );
        }

        if (Once(8))
        {
            parts.Add(Pick("a=%00", "%00=1", "a", "=", "&&", "routerId=other", "ip=1.2.3.4", "limit=1&limit=2", "a=%ff", "a[]=%5b"));
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private string AddBody(HttpRequestMessage message, DocumentedOperation operation)
    {
        if (operation.Body is null)
        {
            if (!Once(6))
            {
                return "";
            }

            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("--x\r\n{\"a\":"));
            message.Content.Headers.TryAddWithoutValidation(
                "Content-Type",
                Pick(
                    "multipart/form-data",
                    "multipart/form-data; boundary=x",
                    "application/x-www-form-urlencoded",
                    "application/json",
                    "\u00e9"
                )
            );
            return "with a body that nobody reads";
        }

        var text = Json(operation);
        if (Once(8))
        {
            text = Pick(
                "",
                "null",
                "[]",
                "\"x\"",
                "{",
                text[..(text.Length / 2)],
                text + text,
                new string('[', 200),
                "{\"x\":" + new string('9', 400) + "}",
                text[..^1] + ",\"x\":\"" + new string('a', 70_000) + "\"}"
            );
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > 4 && Once(15))
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        message.Content = Once(10) ? new StreamContent(new MemoryStream(bytes)) : new ByteArrayContent(bytes);
        if (Once(10))
        {
            message.Headers.TransferEncodingChunked = true;
        }

        var type = Once(15)
            ? Pick("text/plain", "application/json; charset=utf-16", "application/xml", "nonsense", "\u00e9")
            : "application/json";
        message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (Once(40))
        {
            message.Content.Headers.ContentEncoding.Add("gzip");
        }

        return $"{type} {text[..Math.Min(text.Length, 300)]}";
    }

    private string Json(DocumentedOperation operation)
    {
        var required = (operation.Body!["required"] as JsonArray ?? []).Select(name => (string)name!).ToHashSet();
        var fields = new List<string>();
        foreach (var (name, schema) in operation.Body["properties"]!.AsObject())
        {
            if (required.Contains(name) ? !Once(25) : Once(2))
            {
                fields.Add(
                    $"{JsonValue.Create(name)!.ToJsonString()}:{(Once(6) ? WrongValue(schema!) : RightValue(operation, name, schema!))}"
                );
            }
        }

        if (fields.Count > 0 && Once(25))
        {
            fields.Add(fields[0]);
        }

        if (Once(8))
        {
            fields.Add("\"unknown\":{\"a\":[1,null]}");
        }

        return "{" + string.Join(',', fields) + "}";
    }

    private string RightValue(DocumentedOperation operation, string name, JsonNode schema) =>
        schema["enum"] is JsonArray values ? values[random.Next(values.Count)]!.ToJsonString()
        : schema["type"] is JsonValue type && (string?)type == "boolean" ? "false"
        : name == "windows" ? """[{"days":["sun","mon"],"from":"21:00","to":"06:30"}]"""
        : name == "exceptions" ? """[{"date":"2030-12-31","windows":[]}]"""
        : name == "deviceIds" ? $"[{JsonValue.Create(world.Right(operation, "deviceId")).ToJsonString()}]"
        : (bool)schema["nullable"]! && Once(5) ? "null"
        : JsonValue.Create(world.Right(operation, name))!.ToJsonString();

    private string WrongValue(JsonNode schema)
    {
        var longest = (int?)schema["maxLength"] ?? 300;
        return (int?)schema["maxItems"] is { } most && Once(3) ? $"[{string.Join(',', Enumerable.Repeat("{}", most + 1))}]"
            : Once(6) ? $"\"{string.Concat(Enumerable.Repeat(Pick("a", "é", "🔥"), longest + random.Next(-1, 3)))}\""
            : WrongValues[random.Next(WrongValues.Length)];
    }

    private string? Token(DocumentedOperation operation, TestUser by) =>
        random.Next(operation.NeedsToken ? 12 : 4) switch
        {
            0 => null,
            1 => Pick(
                "Bearer",
                "Bearer a.b.c",
                "Basic eDp5",
                "Bearer \u00e9",
                $"Bearer {by.AccessToken}x",
                $"Bearer {by.AccessToken[..^2]}AA"
            ),
            _ => $"Bearer {by.AccessToken}",
        };

    private bool Once(int inSoMany) => random.Next(inSoMany) == 0;

    private string Pick(params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];
}
