using System.Text;
using FluentValidation;

namespace NetPilot.Web;

/// <summary>The rules for strings that the REST contract shares between fields: lengths count code points, control characters are refused.</summary>
public static class TextRules
{
    /// <summary>How many characters a text may have that is searched for.</summary>
    public const int MaxSearchLength = 4096;

    /// <summary>A text of so many code points without control characters (newlines where allowed). Null passes: absence is the field's own business.</summary>
    public static IRuleBuilderOptions<T, string?> Text<T>(
        this IRuleBuilder<T, string?> rule,
        int min,
        int max,
        bool allowNewline = false
    ) => rule.Refusing(Shape(min, max), (_, text) => text is null ? null : RefusalOf(text, min, max, allowNewline));

    /// <summary>A text of a PATCH by the same rules; absent and null pass.</summary>
    public static IRuleBuilderOptions<T, Optional<string?>> Text<T>(
        this IRuleBuilder<T, Optional<string?>> rule,
        int min,
        int max,
        bool allowNewline = false
    ) => rule.Refusing(Shape(min, max), (_, field) => field.Value is { } text ? RefusalOf(text, min, max, allowNewline) : null);

    /// <summary>Text that is searched for. It can be longer than what it is searched in: then nothing is found.</summary>
    public static IRuleBuilderOptions<T, string?> SearchText<T>(this IRuleBuilder<T, string?> rule) => rule.Text(0, MaxSearchLength);

    /// <summary>Text that must be there. Without a greatest length, that of the body limits it.</summary>
    public static IRuleBuilderOptions<T, string?> RequiredText<T>(this IRuleBuilder<T, string?> rule, int min, int? max = null) =>
        rule.RefusingText(Shape(min, max), text => RefusalOf(text, min, max ?? int.MaxValue, allowNewline: false));

    /// <summary>Text of a PATCH that may be absent, and must not be null.</summary>
    public static IRuleBuilderOptions<T, Optional<string?>> TextUnlessAbsent<T>(
        this IRuleBuilder<T, Optional<string?>> rule,
        int min,
        int max
    ) => rule.RefusingField(Shape(min, max), text => RefusalOf(text, min, max, allowNewline: false));

    /// <summary>An IPv4 address by <see cref="AddressRules"/> that must be there.</summary>
    public static IRuleBuilderOptions<T, string?> Ipv4<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Refusing(AddressRules.Ipv4Shape, (request, value) => AddressRules.TryReadIpv4(value, out _, out var reason) ? null : reason);

    // In UTF-16, decomposed: into four code points at most, each of two units.
    private const int LongestCharacter = 8;

    // .NET refuses to normalise this code point, a byte order mark with swapped bytes.
    private const char SwappedMark = '\uFFFE';

    /// <summary>
    /// Unicode's normalisation form C, because keyboards compose the same characters differently. The text must not contain lone surrogates.
    /// Validation refuses those.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="most">
    /// How many characters the caller allows. The time that it takes can grow with the square of the length, so that no text is normalised that
    /// <see cref="IsCertainlyLonger"/>.
    /// </param>
    /// <remarks>U+FFFE neither decomposes nor composes, so the parts between are normalised separately.</remarks>
    public static string Normalize(string text, int most)
    {
        if (IsCertainlyLonger(text, most))
        {
            throw new ArgumentOutOfRangeException(nameof(text), $"Has {text.Length} UTF-16 units, for {most} characters at most.");
        }

#pragma warning disable RS0030 // Only here.
        return text.Contains(SwappedMark, StringComparison.Ordinal)
            ? string.Join(SwappedMark, text.Split(SwappedMark).Select(part => part.Normalize(NormalizationForm.FormC)))
            : text.Normalize(NormalizationForm.FormC);
#pragma warning restore RS0030
    }

    /// <summary>Whether the normal form of a text has more characters than that, whatever they are.</summary>
    public static bool IsCertainlyLonger(string text, int most) => text.Length > LongestCharacter * most;

    private static ValueShape Shape(int min, int? max) => new() { MinLength = min, MaxLength = max };

    /// <summary>Why a text is refused; null if it is fine.</summary>
    public static string? RefusalOf(string value, int min, int max, bool allowNewline)
    {
        var count = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            count++;
            if (Rune.IsControl(rune) && !(allowNewline && rune.Value == '\n'))
            {
                return $"Must not contain control characters (U+{rune.Value:X4}).";
            }
        }

        return count < min ? (min == 1 ? "Must not be empty." : $"Must have at least {min} characters.")
            : count > max ? $"Must have at most {max} characters."
            : null;
    }
}
