using System.Collections.Frozen;

namespace NetPilot.Identity.Passwords;

/// <summary>The most common passwords of the permitted lengths (docs/decisions/0012).</summary>
internal static class CommonPasswords
{
    private static readonly Lazy<FrozenSet<string>> Known = new(Load);

    public static int Count => Known.Value.Count;

    public static bool Contain(string password) => Known.Value.Contains(password);

    private static FrozenSet<string> Load()
    {
        using var stream = typeof(CommonPasswords).Assembly.GetManifestResourceStream("NetPilot.Identity.Passwords.common-passwords.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }
}
