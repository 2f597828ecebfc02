using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace NetPilot.Persistence;

/// <summary>Enum values as the tables and the REST contract write them.</summary>
public static class SnakeCase
{
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.ByValue[value];

    public static T Parse<T>(string name)
        where T : struct, Enum => Names<T>.ByName[name];

    public static bool TryParse<T>(string name, out T value)
        where T : struct, Enum => Names<T>.ByName.TryGetValue(name, out value);

    public static IEnumerable<string> All<T>()
        where T : struct, Enum => Names<T>.ByName.Keys;

    /// <summary>The condition that a column holds one of the names.</summary>
    public static string Check<T>(string column)
        where T : struct, Enum => $"{column} IN ({string.Join(", ", All<T>().Select(name => $"'{name}'"))})";

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly Dictionary<T, string> ByValue = Enum.GetValues<T>().ToDictionary(value => value, NameOf);

        public static readonly Dictionary<string, T> ByName = ByValue.ToDictionary(pair => pair.Value, pair => pair.Key);

        private static string NameOf(T value) =>
            typeof(T).GetField(value.ToString())?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
            ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
    }
}

/// <summary>Keeps enum values by their names, which operators can read.</summary>
public sealed class SnakeCaseConverter<T>() : ValueConverter<T, string>(value => SnakeCase.Of(value), name => SnakeCase.Parse<T>(name))
    where T : struct, Enum;
