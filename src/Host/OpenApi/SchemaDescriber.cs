using System.Reflection;
using System.Text.Json.Nodes;
using FastEndpoints;
using FluentValidation;
using FluentValidation.Validators;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using NetPilot.Host.Http;
using NetPilot.Web;

namespace NetPilot.Host.OpenApi;

/// <summary>
/// Schemas as the REST contract has them: a body without what comes from path, query and headers, with what its validator demands; an answer
/// with all of its fields always there.
/// </summary>
internal sealed class SchemaDescriber(IServiceProvider services) : IOpenApiSchemaTransformer
{
    /// <summary>Values to try things out with, for fields whose type alone says too little.</summary>
    public static readonly IReadOnlyDictionary<string, string> Examples = new Dictionary<string, string>
    {
        ["ip"] = "192.168.1.10",
        ["mac"] = "aa:bb:cc:dd:ee:ff",
        ["routerId"] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ["email"] = "me@example.com",
        ["password"] = "a-fresh-breeze-in-the-attic",
        ["reason"] = "Homework first",
        ["expiresAt"] = "2030-01-31T12:00:00Z",
    };

    private readonly Dictionary<Type, Type?> _validators = services
        .GetRequiredService<EndpointDataSource>()
        .Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<EndpointDefinition>())
        .OfType<EndpointDefinition>()
        .GroupBy(endpoint => endpoint.ReqDtoType)
        .ToDictionary(group => group.Key, group => group.First().ValidatorType);

    public async Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo.Type;
        if (SchemaNames.IsOptional(type))
        {
            await DescribeOptionalAsync(schema, context, type.GetGenericArguments()[0], cancellationToken);
        }

        if (context.JsonPropertyInfo?.Name is { } name && Examples.TryGetValue(name, out var example) && schema.Enum is null)
        {
            schema.Examples = [JsonValue.Create(example)];
        }

        if (schema.Enum is { Count: > 0 } values)
        {
            schema.Type = JsonSchemaType.String | (values.Any(value => value is null) ? JsonSchemaType.Null : default);
        }

        if (context.JsonPropertyInfo is null && schema.Properties is { Count: > 0 })
        {
            if (_validators.TryGetValue(type, out var validator))
            {
                DescribeRequest(schema, context, type, validator);
            }
            else
            {
                schema.Required = schema.Properties.Keys.Where(name => type != typeof(ProblemBody) || name != "errors").ToHashSet();
            }

            if (type == typeof(ProblemBody) && schema.Properties["code"] is OpenApiSchema code)
            {
                code.Enum = [.. ProblemCodes.All.Select(name => JsonValue.Create(name))];
            }
        }
    }

    // To the document an optional field is one that is not required, and may be null where its type can be.
    private static async Task DescribeOptionalAsync(
        OpenApiSchema schema,
        OpenApiSchemaTransformerContext context,
        Type type,
        CancellationToken cancellationToken
    )
    {
        var value = await context.GetOrCreateSchemaAsync(type, cancellationToken: cancellationToken);
        var isNullable = !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;
        schema.Description = null;
        schema.Type = value.Type | (isNullable ? JsonSchemaType.Null : default);
        schema.Format = value.Format;
        schema.Enum = value.Enum;
    }

    private void DescribeRequest(OpenApiSchema schema, OpenApiSchemaTransformerContext context, Type type, Type? validatorType)
    {
        schema.Required = null;
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.AttributeProvider is PropertyInfo input && RequestShape.SourceOf(input) != RequestSource.Body)
            {
                schema.Properties!.Remove(property.Name);
            }
        }

        if (validatorType is null || ActivatorUtilities.CreateInstance(services, validatorType) is not IValidator validator)
        {
            return;
        }

        // What a request that says nothing is refused for is what it has to say.
        var empty = new FluentValidation.ValidationContext<object>(Activator.CreateInstance(type)!);
        var demanded = validator.Validate(empty).Errors.Select(failure => JsonName(failure.PropertyName)).ToHashSet();
        schema.Required = schema.Properties!.Keys.Where(demanded.Contains).ToHashSet();
        foreach (var rules in validator.CreateDescriptor().GetMembersWithValidators())
        {
            if (schema.Properties.TryGetValue(JsonName(rules.Key), out var property) && property is OpenApiSchema value)
            {
                Limit(value, rules.Select(rule => rule.Validator));
                if (schema.Required.Contains(JsonName(rules.Key)))
                {
                    value.Type &= ~JsonSchemaType.Null;
                }
            }
        }
    }

    private static void Limit(OpenApiSchema schema, IEnumerable<IPropertyValidator> validators)
    {
        foreach (var validator in validators)
        {
            var (min, max) = validator switch
            {
                ITextLimits text => (text.Min, text.Max),
                ILengthValidator length => (length.Min, length.Max),
                _ => (0, -1),
            };
            schema.MinLength = min > 0 ? min : schema.MinLength;
            schema.MaxLength = max > 0 ? max : schema.MaxLength;
        }
    }

    private static string JsonName(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
