namespace NetPilot.Routers.Data;

/// <summary>The form of a router agent's id.</summary>
internal static class RouterId
{
    public const int MaxLength = 128;

    /// <summary>What <see cref="IsWellFormed"/> accepts.</summary>
    public static readonly ValueShape Shape = new()
    {
        MinLength = 1,
        MaxLength = MaxLength,
        Pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]*$",
    };

    public static bool IsWellFormed(string? value) =>
        value is { Length: >= 1 and <= MaxLength }
        && char.IsAsciiLetterOrDigit(value[0])
        && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or ':' or '-');
}
