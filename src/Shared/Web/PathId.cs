using System.Diagnostics.CodeAnalysis;

namespace NetPilot.Web;

public static class PathId
{
    /// <summary>
    /// Reads an id in the one form that the REST contract writes: 36 characters, letters in either case. Other forms, which <see cref="Guid"/>
    /// reads too (spaces around it, braces, hexadecimal prefixes), name nothing.
    /// </summary>
    public static bool TryRead([NotNullWhen(true)] string? text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) && id.ToString().Equals(text, StringComparison.OrdinalIgnoreCase);
}
