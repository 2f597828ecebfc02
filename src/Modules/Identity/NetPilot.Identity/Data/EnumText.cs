using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace NetPilot.Identity.Data;

/// <summary>Enumerations as the database keeps them: text in snake_case, which operators can read.</summary>
internal static class EnumText
{
    public static string ToText<T>(this T value)
        where T : struct, Enum => Names<T>.ByValue[value];

    public static T Parse<T>(string text)
        where T : struct, Enum => Names<T>.ByText[text];

    /// <summary>The constraint that a column holds one of the names.</summary>
    public static string Check<T>(string column)
        where T : struct, Enum => $"{column} IN ({string.Join(", ", Names<T>.ByText.Keys.Select(name => $"'{name}'"))})";

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly Dictionary<T, string> ByValue = Enum.GetValues<T>()
            .ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

        public static readonly Dictionary<string, T> ByText = ByValue.ToDictionary(pair => pair.Value, pair => pair.Key);
    }
}

internal sealed class EnumTextConverter<T>() : ValueConverter<T, string>(value => value.ToText(), text => EnumText.Parse<T>(text))
    where T : struct, Enum;
