using System.Net.NetworkInformation;
using NJsonSchema.Generation.TypeMappers;

namespace NetPilot.Host.OpenApi;

/// <summary>Which type the document shows a property as, where that is not the one it is declared with.</summary>
internal static class ShownTypes
{
    public static void AddTo(ICollection<ITypeMapper> mappers)
    {
        mappers.Add(Text(typeof(Guid), schema => schema.Format = "uuid"));
        mappers.Add(Text(typeof(Guid?), schema => schema.Format = "uuid"));
        mappers.Add(Text(typeof(IPAddress), schema => schema.Format = "ipv4"));
        mappers.Add(Text(typeof(PhysicalAddress), schema => schema.Pattern = "^([0-9a-f]{2}:){5}[0-9a-f]{2}$"));
        // A field of a PATCH gets the schema of its value: see ObjectSchemas.
        mappers.Add(Text(typeof(Optional<>), _ => { }));
    }

    /// <summary>The type to show, and whether null is among its values; null where the property is shown as it is declared.</summary>
    public static (Type Type, bool IsNullable)? Of(PropertyInfo property)
    {
        var nullability = new NullabilityInfoContext().Create(property);
        if (property.GetCustomAttribute<ShownAsAttribute>() is { } shown)
        {
            return (shown.Type, nullability.ReadState == NullabilityState.Nullable);
        }

        return IsOptional(property)
            ? (property.PropertyType.GetGenericArguments()[0], nullability.GenericTypeArguments[0].ReadState == NullabilityState.Nullable)
            : null;
    }

    private static PrimitiveTypeMapper Text(Type type, Action<JsonSchema> describe) =>
        new(
            type,
            schema =>
            {
                schema.Type = JsonObjectType.String;
                describe(schema);
            }
        );

    public static bool IsOptional(PropertyInfo property) =>
        property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(Optional<>);
}
