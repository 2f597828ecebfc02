using NetPilot.Persistence;

namespace NetPilot.Web;

/// <summary>Reads the names of an enumeration as they are documented. The serializer's own converter takes them in any case too.</summary>
internal sealed class ExactEnumConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsEnum;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert))!;

    private sealed class Converter<T> : JsonConverter<T>
        where T : struct, Enum
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && SnakeCase.TryParse<T>(reader.GetString()!, out var value)
                ? value
                : throw new JsonException($"Must be one of {string.Join(", ", SnakeCase.All<T>())}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(SnakeCase.Of(value));
    }
}
