using System.Collections.Frozen;

namespace NetPilot.CommandsClient.Reading;

/// <summary>Strings that come from strangers' devices by way of a shell.</summary>
internal static partial class DownstreamText
{
    public const int MaxLength = 255;

    private static readonly char[] Wrapping = ['(', ')', '[', ']', '<', '>', '{', '}', '"', '\'', ' '];

    // What routers, scanners and DHCP servers write where they know nothing. "localhost" is what a device calls itself that was never named.
    private static readonly FrozenSet<string> Placeholders = FrozenSet.ToFrozenSet(
        [
            "unknown",
            "unknown vendor",
            "unknown manufacturer",
            "unknown device",
            "unknown host",
            "unknown hostname",
            "n/a",
            "na",
            "not available",
            "null",
            "nil",
            "none",
            "undefined",
            "localhost",
            "localhost.localdomain",
        ],
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>The text without control characters and lone surrogates, trimmed, cut at 255 code points; null when nothing is left.</summary>
    public static string? Clean(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var clean = string.Concat(text.Trim().EnumerateRunes().Where(IsKept).Take(MaxLength)).Trim();
        return clean.Length == 0 ? null : clean;
    }

    /// <summary>As <see cref="Clean"/>, and null for what stands for "not known": such a word, in brackets or not, or mere punctuation.</summary>
    public static string? Known(string? text) =>
        Clean(text) is { } clean && clean.Trim(Wrapping) is { Length: > 0 } bare && !Placeholders.Contains(bare) && !bare.All(IsFiller)
            ? clean
            : null;

    /// <summary>As <see cref="Known"/>, and null for what only says that the MAC is private or its maker unknown, in whatever words.</summary>
    public static string? Vendor(string? text) => Known(text) is { } vendor && !NoVendor().IsMatch(vendor) ? vendor : null;

    /// <summary>A field as text: a string, or a number as it is written.</summary>
    public static string? Field(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) ? Of(value) : null;

    public static string? Of(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };

    private static bool IsFiller(char letter) => char.IsAscii(letter) && !char.IsAsciiLetterOrDigit(letter);

    [GeneratedRegex(
        @"^\W*(unknown\P{L}|private\W*$)|locally.administered|randomi[sz]ed|(random|private) (mac|address)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex NoVendor();

    // EnumerateRunes shows a lone surrogate as U+FFFD.
    private static bool IsKept(Rune rune) => !Rune.IsControl(rune) && rune != Rune.ReplacementChar && !IsInvisible(rune);

    // Directional overrides and the like would let a device's name rewrite the line that it is shown in. The joiners and tags that emoji need stay.
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
            UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D or (>= 0xE0020 and <= 0xE007F)),
            _ => false,
        };
}
