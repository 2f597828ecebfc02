using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace NetPilot.Routers.Wifi;

/// <summary>
/// What a Wi-Fi name or password may hold. Both reach a shell on the router unquoted, so this is the only thing between a text field and a
/// command line: what is not known to be harmless is refused.
/// </summary>
internal static partial class WifiText
{
    private const int MaxNameBytes = 32;
    private const int MinPasswordLength = 8;
    private const int MaxPasswordLength = 63;
    private const string Marks = "!%+,-./:=@^_";
    private const string BlackFlag = "🏴";

    // Emoji outside of the blocks that have many. '#' and '*' with a keycap are emoji too, but a shell reads their first bytes.
    private const string SingleEmoji = "©®‼⁉™ℹⓂ▪▫▶◀◻◼◽◾⤴⤵〰〽㊗㊙";

    /// <summary>What <see cref="RefusalOfName"/> accepts, as far as a schema can say it: its length counts bytes.</summary>
    public static readonly ValueShape NameShape = new() { MinLength = 1, MaxLength = MaxNameBytes };

    /// <summary>What <see cref="RefusalOfPassword"/> accepts.</summary>
    public static readonly ValueShape PasswordShape = new()
    {
        MinLength = MinPasswordLength,
        MaxLength = MaxPasswordLength,
        Pattern = "^[A-Za-z0-9!%+,./:=@^_]( ?[A-Za-z0-9!%+,./:=@^_-])*$",
        Format = "password",
    };

    private static readonly Rune ZeroWidthJoiner = new(0x200D);
    private static readonly Rune EmojiPresentation = new(0xFE0F);
    private static readonly Rune Keycap = new(0x20E3);

    /// <summary>Why this can't be the Wi-Fi's name; null if it can.</summary>
    public static string? RefusalOfName(string name) =>
        name.Length == 0 ? "Must not be empty."
        : Encoding.UTF8.GetByteCount(name) > MaxNameBytes ? $"Must have at most {MaxNameBytes} bytes in UTF-8."
        : RefusalOf(Subdivision().Replace(name, BlackFlag), IsNameLetter);

    /// <summary>Why this can't be the Wi-Fi's password; null if it can. Names a single character at most.</summary>
    public static string? RefusalOfPassword(string password) =>
        password.EnumerateRunes().Count() is < MinPasswordLength or > MaxPasswordLength
            ? $"Must have {MinPasswordLength} to {MaxPasswordLength} characters."
            : RefusalOf(password, (_, rune) => rune.IsAscii && Rune.IsLetterOrDigit(rune));

    private static string? RefusalOf(string text, Func<Rune?, Rune, bool> isLetter)
    {
        Rune? previous = null;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == ' ' ? previous is null or { Value: ' ' } : !isLetter(previous, rune) && !IsMark(rune))
            {
                return rune.Value == ' '
                    ? "Must not start or end with a space, nor have two in a row."
                    : $"Must not contain {Named(rune)}: letters, digits, single spaces and {string.Join(' ', Marks.AsEnumerable())} are allowed.";
            }

            previous = rune;
        }

        return text[0] == '-' ? "Must not start with '-'."
            : previous is { Value: ' ' } ? "Must not start or end with a space, nor have two in a row."
            : null;
    }

    private static bool IsMark(Rune rune) => rune.IsAscii && Marks.Contains((char)rune.Value, StringComparison.Ordinal);

    // A script's vowel signs and an emoji's parts only count after what they belong to.
    private static bool IsNameLetter(Rune? previous, Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || IsEmoji(rune)
        || (previous is { } before && (IsSignAfterLetter(before, rune) || IsPartOfEmoji(before, rune)));

    private static bool IsSignAfterLetter(Rune before, Rune rune) =>
        IsSign(rune) && (Rune.IsLetter(before) || IsSign(before)) && rune != EmojiPresentation;

    private static bool IsSign(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsPartOfEmoji(Rune before, Rune rune) =>
        rune == EmojiPresentation ? IsEmoji(before) || (before.IsAscii && Rune.IsDigit(before))
        : rune == Keycap ? before == EmojiPresentation
        : rune == ZeroWidthJoiner && (IsEmoji(before) || before == EmojiPresentation);

    private static bool IsEmoji(Rune rune) =>
        (rune.IsBmp && SingleEmoji.Contains((char)rune.Value, StringComparison.Ordinal))
        || rune.Value
            is (>= 0x1F000 and <= 0x1FAFF)
                or (>= 0x2600 and <= 0x27BF)
                or (>= 0x2300 and <= 0x23FF)
                or (>= 0x2B00 and <= 0x2BFF)
                or (>= 0x2190 and <= 0x21FF)
            && Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.OtherSymbol
                    or UnicodeCategory.MathSymbol
                    or UnicodeCategory.ModifierSymbol
                    or UnicodeCategory.OtherNotAssigned;

    // The flag of England, for instance: tags that nobody sees spell its code, and count only between a black flag and the tag that ends them.
    [GeneratedRegex(@"🏴(\uDB40[\uDC30-\uDC39\uDC61-\uDC7A]){3,6}\uDB40\uDC7F", RegexOptions.CultureInvariant)]
    private static partial Regex Subdivision();

    private static string Named(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
            ? string.Create(CultureInfo.InvariantCulture, $"the character U+{rune.Value:X4}")
            : string.Create(CultureInfo.InvariantCulture, $"the character '{rune}' (U+{rune.Value:X4})");
}
