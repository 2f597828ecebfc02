using FluentValidation;

namespace NetPilot.Host.OpenApi;

/// <summary>What the validators of requests say of their properties.</summary>
internal sealed class RequestRules(IServiceProvider services)
{
    private readonly Lazy<Dictionary<Type, ILookup<string, ValueShape>>> byRequest = new(() =>
        services
            .GetRequiredService<EndpointDataSource>()
            .Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<EndpointDefinition>())
            .OfType<EndpointDefinition>()
            .DistinctBy(endpoint => endpoint.ReqDtoType)
            .ToDictionary(endpoint => endpoint.ReqDtoType, endpoint => ShapesOf(endpoint.ValidatorType, services))
    );

    public bool IsRequest(Type type) => byRequest.Value.ContainsKey(type);

    /// <summary>What the rules of a property say, by its name in JSON.</summary>
    public IEnumerable<ValueShape> Of(Type request, string property) => byRequest.Value[request][property];

    /// <summary>What the rules say of a name in a path. Without rules of its own it names what another request's body did, as a router's id does.</summary>
    public IEnumerable<ValueShape> OfPath(Type request, string name) =>
        Of(request, name).DefaultIfEmpty(byRequest.Value.Values.SelectMany(rules => rules[name]).FirstOrDefault()).OfType<ValueShape>();

    public static void Apply(ValueShape shape, JsonSchema schema)
    {
        schema.MinLength = shape.MinLength > 0 ? shape.MinLength : schema.MinLength;
        schema.MaxLength = shape.MaxLength ?? schema.MaxLength;
        schema.MinItems = shape.MinItems > 0 ? shape.MinItems : schema.MinItems;
        schema.MaxItems = shape.MaxItems ?? schema.MaxItems;
        schema.Minimum = shape.Minimum ?? schema.Minimum;
        schema.Maximum = shape.Maximum ?? schema.Maximum;
        schema.Pattern = shape.Pattern ?? schema.Pattern;
        schema.Format = shape.Format ?? schema.Format;
        schema.IsNullableRaw = shape.NotNull ? null : schema.IsNullableRaw;
    }

    private static ILookup<string, ValueShape> ShapesOf(Type? validatorType, IServiceProvider services)
    {
        var rules = validatorType is null
            ? []
            : ((IValidator)ActivatorUtilities.CreateInstance(services, validatorType))
                .CreateDescriptor()
                .GetMembersWithValidators()
                .SelectMany(member => member.Select(rule => (Property: member.Key, Rule: rule.Validator as IDescribedRule)));
        return rules.Where(rule => rule.Rule is not null).ToLookup(rule => SchemaNames.OfProperty(rule.Property), rule => rule.Rule!.Shape);
    }
}
