using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

public sealed partial class OpenApiTests(NetPilotServer server)
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_committed_document_is_the_one_that_the_server_gives()
    {
        var path = Path.Combine(Checkout.Root, "docs", "openapi.json");
        var given = (await DocumentAsync()).ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("NETPILOT_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, given, Ct);
        }

        (await File.ReadAllTextAsync(path, Ct)).ShouldBe(given, "dev/docs rewrites docs/openapi.json");
    }

    [Fact]
    public async Task Every_endpoint_is_in_the_document_under_its_full_path()
    {
        var documented = (await OperationsAsync()).Select(operation => $"{operation.Method} {operation.Path}");
        documented.ShouldBe(server.Endpoints().Select(endpoint => endpoint.ToString()), ignoreOrder: true);
        documented.ShouldAllBe(operation => operation.Contains(" /api/v1/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_operation_says_what_it_is_what_it_takes_and_what_can_come_of_it()
    {
        var anonymous = server.Endpoints().Where(endpoint => endpoint.IsAnonymous).Select(endpoint => endpoint.ToString()).ToHashSet();
        var operations = await OperationsAsync();
        var faults = new List<string>();
        foreach (var (method, path, operation) in operations)
        {
            void Demand(bool holds, string what)
            {
                if (!holds)
                {
                    faults.Add($"{method} {path}: {what}");
                }
            }

            var parameters = (operation["parameters"] as JsonArray ?? []).Select(parameter => parameter!.AsObject()).ToArray();
            var inPath = parameters.Where(p => (string?)p["in"] == "path").Select(p => (string)p["name"]!);
            var responses = operation["responses"]!.AsObject();
            var isAnonymous = anonymous.Contains($"{method} {path}");
            Demand((string?)operation["summary"] is { Length: > 0 and < 100 }, "a short summary");
            Demand((operation["tags"] as JsonArray)?.Count == 1, "one tag");
            Demand(CamelCase().IsMatch((string?)operation["operationId"] ?? ""), "an operationId in camel case");
            Demand(
                inPath.Order().SequenceEqual(Placeholder().Matches(path).Select(match => match.Groups[1].Value).Order()),
                "path parameters"
            );
            Demand(parameters.All(p => p["schema"]?["type"] is not null || p["schema"]?["$ref"] is not null), "types of parameters");
            Demand(responses.Any(response => response.Key[0] == '2'), "a success");
            Demand(responses.ContainsKey("500") && responses.ContainsKey("429") && responses.ContainsKey("503"), "500, 503 and 429");
            Demand(isAnonymous ? operation["security"] is null : operation["security"] is not null, "security");
            Demand(isAnonymous || responses.ContainsKey("401"), "401");
            Demand(!path.Contains("{routerId}", StringComparison.Ordinal) || responses.ContainsKey("404"), "404");
            Demand(
                operation["requestBody"] is null
                    || (responses.ContainsKey("400") && responses.ContainsKey("413") && responses.ContainsKey("415")),
                "400, 413 and 415"
            );
            foreach (var (status, response) in responses.Where(response => response.Key[0] is '4' or '5'))
            {
                Demand(
                    (string?)response!["content"]?["application/problem+json"]?["schema"]?["$ref"] == "#/components/schemas/Problem",
                    $"{status} as a problem"
                );
            }
        }

        faults.ShouldBeEmpty();
        operations.Select(operation => (string)operation.Operation["operationId"]!).ShouldBeUnique();
    }

    [Fact]
    public async Task Every_schema_has_types_and_answers_demand_all_of_their_fields()
    {
        var document = await DocumentAsync();
        var requests = server.Endpoints().Select(endpoint => endpoint.RequestType.Name).ToHashSet();
        var untyped = new List<string>();
        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            var properties = schema!["properties"]?.AsObject() ?? [];
            untyped.AddRange(
                properties
                    .Where(p => p.Value!["type"] is null && p.Value["$ref"] is null && p.Value["oneOf"] is null)
                    .Select(p => $"{name}.{p.Key}")
            );
            if (!requests.Contains(name) && name != "Problem")
            {
                schema["required"]?.AsArray().Select(field => (string)field!).ShouldBe(properties.Select(p => p.Key), name);
            }
        }

        untyped.ShouldBeEmpty();
    }

    [Fact]
    public async Task Bodies_hold_no_bound_properties_and_say_what_is_required_and_how_long()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!;

        var claim = schemas["ClaimRouterRequest"]!;
        claim["required"]!.AsArray().Select(field => (string)field!).ShouldBe(["routerId", "name"], ignoreOrder: true);
        ((int)claim["properties"]!["name"]!["maxLength"]!).ShouldBe(100);

        var block = schemas["BlockDeviceRequest"]!;
        block["properties"]!.AsObject().Select(property => property.Key).ShouldBe(["ip", "reason", "expiresAt"], ignoreOrder: true);
        block["required"]!.AsArray().Select(field => (string)field!).ShouldBe(["ip"]);
        ((string?)block["properties"]!["expiresAt"]!["format"]).ShouldBe("date-time");

        schemas["Problem"]!["properties"]!["code"]!["enum"]!.AsArray().Count.ShouldBeGreaterThan(30);
    }

    [Fact]
    public async Task Blocking_documents_its_headers()
    {
        var block = (await OperationsAsync()).Single(operation => (string?)operation.Operation["operationId"] == "blockDevice").Operation;

        block["parameters"]!
            .AsArray()
            .Where(parameter => (string?)parameter!["in"] == "header")
            .Select(parameter => (string)parameter!["name"]!)
            .ShouldBe(["Prefer", "Idempotency-Key"], ignoreOrder: true);
    }

    private async Task<JsonNode> DocumentAsync()
    {
        using var client = server.NewClient();
        using var response = await client.GetAsync("/openapi/v1.json", Ct);
        await response.ShouldHaveStatusAsync(200);
        var document = (await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync(Ct), cancellationToken: Ct))!;
        ((string)document["openapi"]!).ShouldStartWith("3.1.");
        return document;
    }

    private async Task<IReadOnlyList<(string Method, string Path, JsonNode Operation)>> OperationsAsync() =>
        [
            .. (await DocumentAsync())["paths"]!
                .AsObject()
                .SelectMany(path => path.Value!.AsObject().Select(method => (method.Key.ToUpperInvariant(), path.Key, method.Value!))),
        ];

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("^[a-z]+([A-Z][a-z]+)*$")]
    private static partial Regex CamelCase();
}
