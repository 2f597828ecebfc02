namespace NetPilot.Web;

/// <summary>A field of a PATCH: absent (keep what is there), null (clear it) or a value.</summary>
/// <remarks>Declare it as <c>public Optional&lt;string?&gt; Name { get; init; }</c>: what the body leaves out stays absent.</remarks>
public readonly struct Optional<T>(T value)
{
    private readonly T value = value;

    /// <summary>Whether the body named the field.</summary>
    public bool IsPresent { get; } = true;

    /// <summary>What the body said; the default where it said nothing.</summary>
    public T Value => value;

    /// <summary>The body's value, or what is there now.</summary>
    public T Or(T present) => IsPresent ? value : present;
}

/// <summary>Reads <see cref="Optional{T}"/>: only what is in the body reaches a converter, so whatever is read is present.</summary>
internal sealed class OptionalConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Optional<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<Optional<T>>
    {
        public override bool HandleNull => true;

        // By the value's own converter, not by the serializer anew: an error is then named after the field.
        public override Optional<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType != JsonTokenType.Null
                ? new(((JsonConverter<T>)options.GetConverter(typeof(T))).Read(ref reader, typeof(T), options)!)
            : default(T) is null ? new(default!)
            : throw new JsonException("Must not be null.");

        public override void Write(Utf8JsonWriter writer, Optional<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.Value, options);
    }
}
