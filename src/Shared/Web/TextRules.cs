using System.Text;
using FluentValidation;

namespace NetPilot.Web;

/// <summary>The rules for strings that the REST contract shares between fields: lengths count code points, control characters are refused.</summary>
public static class TextRules
{
    /// <summary>A text of so many code points without control characters (newlines where allowed). Null passes: absence is the field's own business.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> Text<T>(
        this IRuleBuilder<T, string?> rule,
        int min,
        int max,
        bool allowNewline = false
    ) =>
        rule.Custom(
            (value, context) =>
            {
                if (value is not null && RefusalOf(value, min, max, allowNewline) is { } reason)
                {
                    context.AddFailure(reason);
                }
            }
        );

    /// <summary>A text of a PATCH by the same rules; absent and null pass.</summary>
    public static IRuleBuilderOptionsConditions<T, Optional<string?>> Text<T>(
        this IRuleBuilder<T, Optional<string?>> rule,
        int min,
        int max,
        bool allowNewline = false
    ) =>
        rule.Custom(
            (field, context) =>
            {
                if (field.Value is { } value && RefusalOf(value, min, max, allowNewline) is { } reason)
                {
                    context.AddFailure(reason);
                }
            }
        );

    /// <summary>Text that must be there.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> RequiredText<T>(this IRuleBuilder<T, string?> rule, int min, int max) =>
        rule.Custom(
            (value, context) =>
            {
                if (value is null)
                {
                    context.AddFailure("Is required.");
                }
                else if (RefusalOf(value, min, max, allowNewline: false) is { } reason)
                {
                    context.AddFailure(reason);
                }
            }
        );

    /// <summary>An IPv4 address by <see cref="AddressRules"/> that must be there.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> Ipv4<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Custom(
            (value, context) =>
            {
                if (!AddressRules.TryReadIpv4(value, out _, out var reason))
                {
                    context.AddFailure(reason);
                }
            }
        );

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
