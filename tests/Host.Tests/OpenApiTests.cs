using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using NetPilot.Web;
using NJsonSchema;
using NJsonSchema.Validation;
using NSwag;
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
        var document = await DocumentAsync();
        var anonymous = server.Endpoints().Where(endpoint => endpoint.IsAnonymous).Select(endpoint => endpoint.ToString()).ToHashSet();
        var tags = document["tags"]!.AsArray().Select(tag => (string)tag!["name"]!).ToHashSet();
        var operations = Operations(document);
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
            Demand(Title().IsMatch((string?)operation["summary"] ?? ""), "a short summary without a full stop");
            Demand(Sentences().IsMatch((string?)operation["description"] ?? ""), "a description in sentences");
            Demand(operation["tags"]!.AsArray() is [{ } tag] && tags.Contains((string)tag!), "one of the document's tags");
            Demand(CamelCase().IsMatch((string?)operation["operationId"] ?? ""), "an operationId in camel case");
            Demand(
                inPath.Order().SequenceEqual(Placeholder().Matches(path).Select(match => match.Groups[1].Value).Order()),
                "path parameters"
            );
            Demand(parameters.All(p => Type(document, p["schema"]!) is not null), "types of parameters");
            Demand(parameters.All(p => (string?)p["description"] is { Length: > 0 }), "descriptions of parameters");
            Demand(responses.Any(response => response.Key[0] == '2'), "a success");
            Demand(operation["security"]!.AsArray().Count == (isAnonymous ? 0 : 1), "security");
            Demand(isAnonymous || Codes(document, operation, 401).Contains("unauthorized"), "401");
            Demand(
                !path.Contains("{routerId}", StringComparison.Ordinal) || Codes(document, operation, 404).Contains("router_not_found"),
                "404"
            );
            Demand(operation["requestBody"] is null || Codes(document, operation, 415).Contains("unsupported_media_type"), "415");
            foreach (var (status, response) in responses)
            {
                var answer = Resolve(document, response!);
                Demand((string?)answer["description"] is { Length: > 0 }, $"{status}: a description");
                if (status[0] is '4' or '5')
                {
                    var codes = Codes(document, operation, int.Parse(status, System.Globalization.CultureInfo.InvariantCulture));
                    var examples = answer["content"]!["application/problem+json"]!["examples"]!.AsObject().Select(example => example.Key);
                    Demand(codes.Count > 0, $"{status}: codes");
                    Demand(codes.SetEquals(examples), $"{status}: an example of each code");
                    Demand(status is not ("429" or "503") || answer["headers"]!["Retry-After"] is not null, $"{status}: Retry-After");
                }
            }
        }

        faults.ShouldBeEmpty();
        operations.Select(operation => (string)operation.Operation["operationId"]!).ShouldBeUnique();
    }

    [Fact]
    public async Task Codes_are_those_of_the_single_operation()
    {
        var document = await DocumentAsync();
        HashSet<string> CodesOf(string operationId, int status) => Codes(document, Operation(document, operationId), status);

        CodesOf("register", 409).ShouldBe(["email_taken"]);
        CodesOf("login", 400).ShouldBe(["malformed_json", "validation_failed"], ignoreOrder: true);
        CodesOf("login", 401).ShouldBe(["invalid_credentials"]);
        CodesOf("listRouters", 400).ShouldBe(["invalid_cursor", "validation_failed"], ignoreOrder: true);
        CodesOf("blockDevice", 404).ShouldBe(["device_not_found", "router_not_found"], ignoreOrder: true);
        CodesOf("removeFromWhitelist", 404).ShouldBe(["not_listed", "router_not_found"], ignoreOrder: true);
        CodesOf("removeFromWhitelist", 400).ShouldBe(["validation_failed"]);
        // Whatever is sent to a router waits for its turn, or for a place among what is sent to it at once.
        var downstream = Operations(document).Select(operation => (string)operation.Operation["operationId"]!).ToArray();
        downstream
            .Where(operation => CodesOf(operation, 503).Contains("router_unreachable") && !CodesOf(operation, 503).Contains("router_busy"))
            .ShouldBeEmpty();
        CodesOf("scanDevices", 503).ShouldContain("router_busy");
        CodesOf("changeUser", 403).ShouldBe(["forbidden"]);
        CodesOf("deleteMe", 409).ShouldBe(["last_admin"]);
    }

    [Fact]
    public async Task No_discriminator_maps_several_codes_to_one_schema()
    {
        var document = await DocumentAsync();
        Objects(document)
            .Where(node => node["discriminator"] is JsonObject { } discriminator && discriminator["propertyName"] is JsonValue)
            .SelectMany(node => (node["discriminator"]!["mapping"]?.AsObject() ?? []).GroupBy(entry => (string)entry.Value!))
            .Where(family => family.Count() > 1)
            .Select(family => $"{family.Key}: {string.Join(", ", family.Select(entry => entry.Key))}")
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task The_answers_of_a_status_are_one_schema_with_its_status_its_codes_and_its_errors()
    {
        var document = await DocumentAsync();
        var faults = new List<string>();
        foreach (var (name, response) in document["components"]!["responses"]!.AsObject())
        {
            var schema = response!["content"]!["application/problem+json"]!["schema"]!.AsObject();
            var codes = schema["properties"]!["code"]!["enum"]!.AsArray().Select(code => (string)code!).ToArray();
            // Generators take one of several alternatives, and give up the rest.
            if (schema["oneOf"] is not null || schema["anyOf"] is not null || schema["allOf"]!.AsArray().Count != 1)
            {
                faults.Add($"{name}: one schema");
                continue;
            }

            var family = Resolve(document, schema["allOf"]![0]!).AsObject();
            JsonNode? Property(string property) => schema["properties"]![property] ?? family["properties"]?[property];
            if (
                Property("status")?["enum"]?.AsArray() is not [{ } status]
                || codes.Any(code => ProblemCatalogue.StatusOf(code) != (int)status!)
            )
            {
                faults.Add($"{name}: its status");
            }

            var required = new[] { schema, family }.SelectMany(part => part["required"] as JsonArray ?? []).Select(field => (string)field!);
            var demands = required.Contains("errors");
            if (
                (Property("errors") is not null) != codes.Contains("validation_failed")
                || demands != codes.SequenceEqual(["validation_failed"])
            )
            {
                faults.Add($"{name}: its errors");
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Null_beside_a_schema_is_an_alternative_of_one_value_and_of_no_type()
    {
        var document = await DocumentAsync();
        var block = Schemas(document)["BatchResult"]!["properties"]!["block"]!;

        block["oneOf"]?.ToJsonString().ShouldBe("""[{"$ref":"#/components/schemas/Block"},{"enum":[null]}]""");
        block["nullable"].ShouldBeNull();
        Objects(document).Where(node => node["anyOf"] is JsonArray).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_property_has_a_type_and_a_description_and_answers_demand_all_of_their_fields()
    {
        var document = await DocumentAsync();
        var requests = server.Endpoints().Select(endpoint => endpoint.RequestType.Name).ToHashSet();
        var faults = new List<string>();
        foreach (var (name, schema) in Schemas(document))
        {
            var properties = schema!["properties"]?.AsObject() ?? [];
            faults.AddRange(properties.Where(p => Type(document, p.Value!) is null).Select(p => $"{name}.{p.Key}: a type"));
            // A family of problems narrows what Problem describes.
            var isFamily = schema["allOf"] is not null;
            faults.AddRange(
                properties
                    .Where(p => !isFamily && (string?)p.Value!["description"] is not { Length: > 0 })
                    .Select(p => $"{name}.{p.Key}: a description")
            );
            if (!requests.Contains(name) && !isFamily && schema["enum"] is null)
            {
                var required = schema["required"]!.AsArray().Select(field => (string)field!).ToHashSet();
                faults.AddRange(properties.Where(p => !required.Contains(p.Key)).Select(p => $"{name}.{p.Key}: required"));
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_object_has_an_example_and_every_example_is_valid()
    {
        var text = (await DocumentAsync()).ToJsonString();
        var document = await OpenApiDocument.FromJsonAsync(text, Ct);
        var validator = new JsonSchemaValidator();
        var faults = new List<string>();
        void Check(string what, object? example, JsonSchema schema)
        {
            if (example is null)
            {
                faults.Add($"{what} has no example");
                return;
            }

            faults.AddRange(
                validator
                    .Validate(Newtonsoft.Json.JsonConvert.SerializeObject(example), schema, SchemaType.OpenApi3)
                    .Select(error => $"{what}: {error}")
            );
        }

        foreach (var (name, schema) in document.Components.Schemas.Where(schema => schema.Value.IsObject))
        {
            Check(name, schema.Example, schema);
        }

        foreach (var operation in document.Operations)
        {
            foreach (var response in operation.Operation.Responses.Values.Select(response => response.ActualResponse))
            {
                foreach (var media in response.Content.Values)
                {
                    foreach (var (code, example) in media.Examples)
                    {
                        Check($"{operation.Operation.OperationId} {code}", (example.Reference ?? example).Value, media.Schema);
                    }
                }
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_empty_body_is_refused_for_the_fields_that_the_document_requires()
    {
        var document = await DocumentAsync();
        var router = await (await server.NewUserAsync(cancellationToken: Ct)).ClaimRouterAsync(cancellationToken: Ct);
        var withBody = Operations(document)
            .Where(operation =>
                operation.Operation["requestBody"] is not null && !operation.Path.Contains("/admin/", StringComparison.Ordinal)
            );
        foreach (var (method, path, operation) in withBody)
        {
            var body = Resolve(document, operation["requestBody"]!["content"]!["application/json"]!["schema"]!);
            var required = (body["required"] as JsonArray ?? []).Select(name => (string)name!).ToArray();
            if (required.Length == 0)
            {
                continue;
            }

            using var request = new HttpRequestMessage(
                new HttpMethod(method),
                path.Replace("{routerId}", router.RouterId, StringComparison.Ordinal)
            );
            request.Content = new StringContent("{}", null, "application/json");
            using var response = await router.Owner.Http.SendAsync(request, Ct);
            var problem = await response.ShouldBeProblemAsync(400, "validation_failed");
            // Exactly one of personId and deviceId is needed, which a schema of OpenAPI 3.0 does not say of fields.
            var refused = problem.Errors!.Select(error => error.Name).Where(name => name != "personId");
            refused.ShouldBe(required, ignoreOrder: true, $"{method} {path}");
        }
    }

    [Fact]
    public async Task Every_list_and_number_that_a_request_takes_has_its_bounds()
    {
        var document = await DocumentAsync();
        var requests = server.Endpoints().Select(endpoint => endpoint.RequestType.Name).ToHashSet();
        var lists = Schemas(document)
            .Where(schema => requests.Contains(schema.Key))
            .SelectMany(schema =>
                (schema.Value!["properties"]?.AsObject() ?? []).Select(p => (Name: $"{schema.Key}.{p.Key}", Schema: p.Value!))
            )
            .Where(property => (string?)property.Schema["type"] == "array")
            .ToArray();
        var numbers = Operations(document)
            .SelectMany(operation => operation.Operation["parameters"] as JsonArray ?? [])
            .Where(parameter => (string?)parameter!["schema"]!["type"] == "integer")
            .ToArray();

        lists.ShouldNotBeEmpty();
        lists.Where(list => list.Schema["maxItems"] is null).Select(list => list.Name).ShouldBeEmpty();
        numbers.ShouldNotBeEmpty();
        numbers
            .Where(number => number!["schema"] is not { } schema || schema["minimum"] is null || schema["maximum"] is null)
            .Select(number => (string)number!["name"]!)
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Limits_patterns_and_formats_are_those_of_the_rules()
    {
        var document = await DocumentAsync();
        JsonNode Property(string schema, string name) => Schemas(document)[schema]!["properties"]![name]!;
        JsonNode Parameter(string operation, string name) =>
            Operation(document, operation)["parameters"]!.AsArray().Single(parameter => (string?)parameter!["name"] == name)!["schema"]!;

        (int?, int?) Bounds(JsonNode list) => ((int?)list["minItems"], (int?)list["maxItems"]);

        var password = Property("RegisterRequest", "password");
        ((int)password["minLength"]!, (int)password["maxLength"]!).ShouldBe((12, 128));
        ((string?)Property("RegisterRequest", "email")["format"]).ShouldBe("email");
        ((int)Property("ClaimRouterRequest", "routerId")["maxLength"]!).ShouldBe(128);
        ((int)Property("RenameWifiRequest", "ssid")["maxLength"]!).ShouldBe(32);
        Property("RenameRouterRequest", "name")["nullable"].ShouldBeNull();
        ((bool)Property("UpdateDeviceRequest", "name")["nullable"]!).ShouldBeTrue();
        ((string?)Property("BlockDeviceRequest", "ip")["format"]).ShouldBe("ipv4");
        ((string?)Property("Block", "ip")["format"]).ShouldBe("ipv4");
        Schemas(document)["BlockDeviceRequest"]!["properties"]!
            .AsObject()
            .Select(property => property.Key)
            .ShouldBe(["ip", "deviceId", "reason", "expiresAt"], ignoreOrder: true);
        Bounds(Property("CreateScheduleRequest", "windows")).ShouldBe((1, 28));
        Bounds(Property("ChangeScheduleRequest", "windows")).ShouldBe((1, 28));
        Bounds(Property("CreateScheduleRequest", "exceptions")).ShouldBe((null, 100));
        Bounds(Property("ChangePersonRequest", "deviceIds")).ShouldBe((null, 1000));
        Bounds(Property("BatchRequest", "items")).ShouldBe((1, 100));
        Bounds(Property("Window", "days")).ShouldBe((1, 7));
        Bounds(Property("ScheduleException", "windows")).ShouldBe((null, 28));
        ((string?)Property("DayWindow", "to")["pattern"]).ShouldBe("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$");
        var days = Parameter("listOccurrences", "days");
        ((int)days["minimum"]!, (int)days["maximum"]!).ShouldBe((1, 60));
        Schemas(document)["AllowPersonRequest"]!["required"]!.AsArray().Select(name => (string?)name).ShouldBe(["until"]);
        ((bool)Property("AllowPersonRequest", "until")["nullable"]!).ShouldBeTrue();
        Property("Tokens", "tokenType")["enum"]!.AsArray().Select(value => (string?)value).ShouldBe(["Bearer"]);
        ((string?)Parameter("getDevice", "deviceId")["format"]).ShouldBe("uuid");
        ((int)Parameter("listUsers", "search")["maxLength"]!).ShouldBe(4096);
        ((int)Parameter("listRouters", "limit")["maximum"]!).ShouldBe(PageRequest.MaxLimit);
        ((string?)Parameter("listActivity", "kind")["$ref"]).ShouldBe("#/components/schemas/RouterActivityKind");
        ((string?)Parameter("listBlocks", "state")["$ref"]).ShouldBe("#/components/schemas/RuleState");
    }

    [Fact]
    public void The_pattern_of_addresses_accepts_what_the_rule_accepts()
    {
        string[] octets =
        [
            "",
            "0",
            "1",
            "9",
            "10",
            "00",
            "01",
            "99",
            "100",
            "126",
            "127",
            "128",
            "168",
            "169",
            "199",
            "223",
            "224",
            "249",
            "250",
            "254",
            "255",
            "256",
            "-1",
            "1a",
        ];
        var pattern = new Regex(AddressRules.Ipv4Shape.Pattern!, RegexOptions.ECMAScript);
        foreach (var first in octets)
        {
            foreach (var second in octets)
            {
                foreach (var last in octets)
                {
                    foreach (var text in new[] { $"{first}.{second}.{last}.{second}", $"{first}.{second}.0.{last}" })
                    {
                        pattern.IsMatch(text).ShouldBe(AddressRules.TryReadIpv4(text, out _, out _), text);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task Operations_come_in_the_order_in_which_a_user_meets_them()
    {
        var document = await DocumentAsync();
        var tags = document["tags"]!.AsArray().Select(tag => (string)tag!["name"]!).ToArray();
        var operations = Operations(document);

        tags.ShouldBe([
            "Account",
            "Sessions",
            "Routers",
            "Devices",
            "Blocks",
            "Lists",
            "People",
            "Schedules",
            "Wi-Fi",
            "Activity",
            "Admin",
        ]);
        operations.Select(operation => (string)operation.Operation["tags"]![0]!).Distinct().ShouldBe(tags);
        ((string?)operations[0].Operation["operationId"]).ShouldBe("register");
    }

    [Fact]
    public async Task Blocking_documents_its_headers()
    {
        var document = await DocumentAsync();
        var block = Operation(document, "blockDevice");

        block["parameters"]!
            .AsArray()
            .Where(parameter => (string?)parameter!["in"] == "header")
            .Select(parameter => (string)parameter!["name"]!)
            .ShouldBe(["Prefer", "Idempotency-Key"], ignoreOrder: true);
        string[] HeadersOf(string status) => [.. (block["responses"]![status]!["headers"]?.AsObject() ?? []).Select(header => header.Key)];
        HeadersOf("201").ShouldBe(["Location", "Preference-Applied"], ignoreOrder: true);
        HeadersOf("202").ShouldBe(["Location", "Preference-Applied"], ignoreOrder: true);
        HeadersOf("200").ShouldBe(["Preference-Applied"]);
    }

    private async Task<JsonNode> DocumentAsync()
    {
        using var client = server.NewClient();
        using var response = await client.GetAsync("/openapi/v1.json", Ct);
        await response.ShouldHaveStatusAsync(200);
        var document = (await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync(Ct), cancellationToken: Ct))!;
        ((string)document["openapi"]!).ShouldStartWith("3.0.");
        return document;
    }

    private async Task<IReadOnlyList<(string Method, string Path, JsonNode Operation)>> OperationsAsync() =>
        Operations(await DocumentAsync());

    private static JsonObject Schemas(JsonNode document) => document["components"]!["schemas"]!.AsObject();

    private static List<(string Method, string Path, JsonNode Operation)> Operations(JsonNode document) =>
        [
            .. document["paths"]!
                .AsObject()
                .SelectMany(path => path.Value!.AsObject().Select(method => (method.Key.ToUpperInvariant(), path.Key, method.Value!))),
        ];

    private static JsonNode Operation(JsonNode document, string operationId) =>
        Operations(document).Single(operation => (string?)operation.Operation["operationId"] == operationId).Operation;

    private static IEnumerable<JsonObject> Objects(JsonNode? node) =>
        node switch
        {
            JsonObject item => item.SelectMany(member => Objects(member.Value)).Prepend(item),
            JsonArray items => items.SelectMany(Objects),
            _ => [],
        };

    private static HashSet<string> Codes(JsonNode document, JsonNode operation, int status) =>
        operation["responses"]![$"{status}"] is { } response
            ?
            [
                .. Resolve(document, response)["content"]!["application/problem+json"]!["schema"]!["properties"]!["code"]!["enum"]!
                    .AsArray()
                    .Select(code => (string)code!),
            ]
            : [];

    private static string? Type(JsonNode document, JsonNode schema) =>
        (string?)schema["type"]
        ?? (schema["$ref"] ?? schema["allOf"]?[0]?["$ref"] ?? schema["oneOf"]?[0]?["$ref"]) switch
        {
            { } reference => (string?)Resolve(document, new JsonObject { ["$ref"] = (string)reference! })["type"],
            null => null,
        };

    private static JsonNode Resolve(JsonNode document, JsonNode node) =>
        (string?)node["$ref"] is { } reference
            ? reference.TrimStart('#', '/').Split('/').Aggregate(document, (parent, name) => parent[name]!)
            : node;

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("^[a-z]+([A-Z][a-z]+)*$")]
    private static partial Regex CamelCase();

    [GeneratedRegex(@"^[A-Z][^.]{3,60}$")]
    private static partial Regex Title();

    [GeneratedRegex(@"^\S.*\.$")]
    private static partial Regex Sentences();
}
