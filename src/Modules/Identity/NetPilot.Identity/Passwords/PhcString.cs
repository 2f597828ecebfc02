using System.Globalization;
using System.Text.RegularExpressions;

namespace NetPilot.Identity.Passwords;

/// <summary>An Argon2id hash with its parameters, in the format of the Password Hashing Competition: <c>$argon2id$v=19$m=…,t=…,p=1$salt$hash</c>.</summary>
internal sealed partial record PhcString(int MemoryKiB, int Passes, byte[] Salt, byte[] Hash)
{
    public const int SaltSize = 16;
    public const int HashSize = 32;

    /// <summary>What Argon2 takes at least.</summary>
    private const int MinMemoryKiB = 8;

    public static PhcString Parse(string text) =>
        Form().Match(text) is { Success: true } match
            ? new PhcString(
                int.Parse(match.Groups["m"].ValueSpan, CultureInfo.InvariantCulture),
                int.Parse(match.Groups["t"].ValueSpan, CultureInfo.InvariantCulture),
                Decode(match.Groups["salt"].Value),
                Decode(match.Groups["hash"].Value)
            )
            : throw new FormatException("A stored password hash is not an Argon2id PHC string.");

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"$argon2id$v=19$m={MemoryKiB},t={Passes},p=1${Encode(Salt)}${Encode(Hash)}");

    /// <summary>
    /// Parameters whose hash takes the time by which a dearer one takes longer than this one; null if it does not. The time of Argon2id grows
    /// with the memory that all passes together go over.
    /// </summary>
    public PhcString? RestOf(PhcString dearer)
    {
        var memory = (((long)dearer.MemoryKiB * dearer.Passes) - ((long)MemoryKiB * Passes)) / dearer.Passes;
        return memory < MinMemoryKiB ? null : dearer with { MemoryKiB = (int)memory, Salt = Salt };
    }

    // The format has base64 without padding.
    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[] Decode(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    [GeneratedRegex(@"^\$argon2id\$v=19\$m=(?<m>\d{1,8}),t=(?<t>\d{1,4}),p=1\$(?<salt>[A-Za-z0-9+/]{22})\$(?<hash>[A-Za-z0-9+/]{43})\z")]
    private static partial Regex Form();
}
