using System.ComponentModel.DataAnnotations;
using NJsonSchema.Generation;

namespace NetPilot.Host.OpenApi;

/// <summary>Requests say what their validators demand. Answers have all of their fields always.</summary>
internal sealed class ObjectSchemas(RequestRules rules) : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        if (context.Schema.HasReference)
        {
            return;
        }

        var type = context.ContextualType.Type;
        context.Schema.EnumerationNames.Clear();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Page<>))
        {
            var entry = context.Schema.Properties["items"].Item!.ActualSchema.Example;
            context.Schema.Example = new JObject { ["items"] = new JArray(entry!), ["nextCursor"] = null };
        }

        var isRequest = rules.IsRequest(type);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = SchemaNames.OfProperty(property.Name);
            if (!context.Schema.Properties.TryGetValue(name, out var value))
            {
                continue;
            }

            if (ShownTypes.Of(property) is { } shown)
            {
                context.Schema.Properties[name] = value = Show(context, value, shown.Type, shown.IsNullable);
            }

            if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
            {
                Array.ForEach(allowed.Values, value.Enumeration.Add);
            }

            AllowNull(value);
            value.IsRequired = !isRequest;
            foreach (var shape in isRequest ? rules.Of(type, name) : [])
            {
                RequestRules.Apply(shape, value);
                value.IsRequired |= shape.NotAbsent || (shape.NotNull && !ShownTypes.IsOptional(property));
            }
        }
    }

    // In OpenAPI 3.0 "nullable" belongs to a type, which a reference has not: null is an alternative to what it leads to. Generators make a class of
    // an alternative that has a type, and read oneOf alone.
    private static void AllowNull(JsonSchemaProperty value)
    {
        var reference = value.Reference ?? value.OneOf.Concat(value.AllOf).SingleOrDefault(part => part.HasReference)?.Reference;
        if (reference is null || value.IsNullableRaw is not true)
        {
            return;
        }

        value.Reference = null;
        value.OneOf.Clear();
        value.AllOf.Clear();
        value.IsNullableRaw = null;
        value.OneOf.Add(new JsonSchema { Reference = reference });
        value.OneOf.Add(new JsonSchema { Enumeration = { null } });
    }

    private static JsonSchemaProperty Show(SchemaProcessorContext context, JsonSchemaProperty declared, Type type, bool isNullable) =>
        context.Generator.GenerateWithReferenceAndNullability<JsonSchemaProperty>(
            type.ToContextualType(),
            isNullable,
            context.Resolver,
            (shown, _) =>
            {
                shown.Description = declared.Description;
                shown.Example = declared.Example;
            }
        );
}
