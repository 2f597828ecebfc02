using System.Text.Json;
using System.Text.Json.Nodes;
using FastEndpoints;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using NetPilot.Web;

namespace NetPilot.Host.OpenApi;

/// <summary>Names, tags and explains an operation.</summary>
internal sealed class OperationDescriber(IOptions<JsonOptions> json) : IOpenApiOperationTransformer
{
    private const string Suffix = "Endpoint";
    private readonly JsonSerializerOptions _json = json.Value.SerializerOptions;

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<EndpointDefinition>().FirstOrDefault() is not { } endpoint)
        {
            return Task.CompletedTask;
        }

        operation.OperationId = OperationId(endpoint.EndpointType.Name);
        operation.Summary = endpoint.EndpointSummary?.Summary;
        operation.Description = endpoint.EndpointSummary?.Description;
        operation.Tags = new HashSet<OpenApiTagReference> { new(ModuleOf(endpoint), context.Document) };
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(DocumentDescriber.Bearer, context.Document)] = [] }];
        }

        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            Describe(parameter, metadata, endpoint.EndpointSummary);
        }

        if (endpoint.EndpointSummary?.ExampleRequest is { } example && operation.RequestBody?.Content?.Values.FirstOrDefault() is { } body)
        {
            body.Example = JsonSerializer.SerializeToNode(example, example.GetType(), _json);
        }

        var traits = new OperationTraits(
            operation.OperationId,
            "/" + context.Description.RelativePath,
            metadata.OfType<IAllowAnonymous>().Any(),
            operation.RequestBody is not null,
            operation.Parameters?.Any(parameter => parameter is { In: ParameterLocation.Query, Name: "cursor" }) == true,
            metadata.OfType<DeclaredHeader>().Any(header => header.Name == "Idempotency-Key"),
            operation.Responses?.ContainsKey("502") == true
        );
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (response is OpenApiResponse answer)
            {
                Describe(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), answer, traits, endpoint.EndpointSummary);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>The module is the assembly's second name, and the tag.</summary>
    public static string ModuleOf(EndpointDefinition endpoint) => endpoint.EndpointType.Assembly.GetName().Name!.Split('.')[1];

    public static string OperationId(string endpointName) =>
        JsonNamingPolicy.CamelCase.ConvertName(
            endpointName.EndsWith(Suffix, StringComparison.Ordinal) ? endpointName[..^Suffix.Length] : endpointName
        );

    private static void Describe(OpenApiParameter parameter, IList<object> metadata, EndpointSummary? summary)
    {
        parameter.Description =
            metadata.OfType<DeclaredHeader>().FirstOrDefault(header => header.Name == parameter.Name)?.Description
            ?? summary?.Params.FirstOrDefault(known => string.Equals(known.Key, parameter.Name, StringComparison.OrdinalIgnoreCase)).Value
            ?? parameter.Name switch
            {
                "routerId" => "The router agent's own id.",
                "limit" => "How many entries a page has.",
                "cursor" => "The `nextCursor` of the page before.",
                _ => null,
            };
        if (parameter.Name is { } name && SchemaDescriber.Examples.TryGetValue(name, out var example))
        {
            parameter.Example = JsonValue.Create(example);
        }

        if (parameter is { Name: "limit", Schema: OpenApiSchema schema })
        {
            schema.Minimum = "1";
            schema.Maximum = PageRequest.MaxLimit.ToString(System.Globalization.CultureInfo.InvariantCulture);
            schema.Default = JsonValue.Create(PageRequest.DefaultLimit);
        }
    }

    private static void Describe(int status, OpenApiResponse response, OperationTraits operation, EndpointSummary? summary)
    {
        var codes = ProblemCodes.Of(status, operation);
        response.Description =
            summary?.Responses.GetValueOrDefault(status)
            ?? (
                codes.Count == 0
                    ? Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status)
                    : $"`{string.Join("`, `", codes)}`"
            );
        if (status is 429 or 503)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers["Retry-After"] = new OpenApiHeader
            {
                Description = "Seconds until it is worth another try.",
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" },
            };
        }
    }
}
