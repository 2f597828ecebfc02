using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace NetPilot.Web;

/// <summary>How JSON is read and written, everywhere.</summary>
public static partial class ApiJson
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
        options.MaxDepth = 32;
        options.Converters.Insert(0, new ExactEnumConverterFactory());
        // Nothing is read or written with this one: the generator of schemas looks for it.
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new OptionalConverterFactory());
        options.Converters.Add(new StrictStringConverter());
        options.Converters.Add(new Rfc3339Converter());
    }

    /// <summary>
    /// The options to read requests with, made from those that write answers: no name twice, and only the properties that belong to the body. A
    /// body can't set what comes from the path, the query or a header.
    /// </summary>
    public static JsonSerializerOptions ReadOptions(JsonSerializerOptions options) =>
        new(options)
        {
            AllowDuplicateProperties = false,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepBodyOnly } },
        };

    /// <summary>Reads a time as a body's is read: RFC 3339 with date, time and offset.</summary>
    public static bool TryReadTime(string? text, out DateTimeOffset time) => Rfc3339Converter.TryRead(text, out time);

    private static void KeepBodyOnly(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.ToArray())
        {
            if (property.AttributeProvider is PropertyInfo input && RequestShape.SourceOf(input) != RequestSource.Body)
            {
                type.Properties.Remove(property);
            }
        }
    }

    /// <summary>Refuses what PostgreSQL cannot store and UTF-8 cannot carry: U+0000 and lone surrogates.</summary>
    private sealed class StrictStringConverter : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new JsonException("Must be a string.");
            }

            string? text;
            try
            {
                text = reader.GetString();
            }
            catch (InvalidOperationException)
            {
                throw new JsonException("Must not contain lone surrogates or invalid UTF-8.");
            }

            return text is not null && text.Contains('\0', StringComparison.Ordinal)
                ? throw new JsonException("Must not contain U+0000.")
                : text;
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }

    /// <summary>RFC 3339 with date, time and offset in; UTC with <c>Z</c> out.</summary>
    private sealed partial class Rfc3339Converter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String && TryRead(reader.GetString(), out var value))
            {
                return value;
            }

            throw new JsonException("Must be a time in RFC 3339 form with an offset, such as 2030-01-31T12:00:00Z.");
        }

        public static bool TryRead(string? text, out DateTimeOffset value)
        {
            value = default;
            if (
                text is null
                || !Shape().IsMatch(text)
                || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read)
            )
            {
                return false;
            }

            value = read.ToUniversalTime();
            return true;
        }

        // The writer's own form, which is Z and no trailing zeros, of what PostgreSQL keeps: microseconds.
        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.AddTicks(-(value.Ticks % TimeSpan.TicksPerMicrosecond)));

        [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
        private static partial Regex Shape();
    }
}
