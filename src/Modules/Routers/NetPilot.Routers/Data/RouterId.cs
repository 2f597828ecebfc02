namespace NetPilot.Routers.Data;

/// <summary>The form of a router agent's id.</summary>
internal static class RouterId
{
    public const int MaxLength = 128;

    public static bool IsWellFormed(string? value) =>
        value is { Length: >= 1 and <= MaxLength }
        && char.IsAsciiLetterOrDigit(value[0])
        && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or ':' or '-');
}
