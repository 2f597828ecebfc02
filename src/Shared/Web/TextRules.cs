using System.Text;
using FluentValidation;
using FluentValidation.Validators;

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
    ) => rule.Limit(text => text, min, max, allowNewline, isRequired: false);

    /// <summary>A text of a PATCH by the same rules; absent and null pass.</summary>
    public static IRuleBuilderOptionsConditions<T, Optional<string?>> Text<T>(
        this IRuleBuilder<T, Optional<string?>> rule,
        int min,
        int max,
        bool allowNewline = false
    ) => rule.Limit(field => field.Value, min, max, allowNewline, isRequired: false);

    /// <summary>Text that must be there.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> RequiredText<T>(this IRuleBuilder<T, string?> rule, int min, int max) =>
        rule.Limit(text => text, min, max, allowNewline: false, isRequired: true);

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

    // The validator is a class, not a lambda, so that the OpenAPI document can read its limits. FluentValidation's one builder has both types.
    private static IRuleBuilderOptionsConditions<T, TProperty> Limit<T, TProperty>(
        this IRuleBuilder<T, TProperty> rule,
        Func<TProperty, string?> read,
        int min,
        int max,
        bool allowNewline,
        bool isRequired
    ) =>
        (IRuleBuilderOptionsConditions<T, TProperty>)
            rule.SetValidator(new TextValidator<T, TProperty>(read, min, max, allowNewline, isRequired));

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

/// <summary>What the OpenAPI document says of a text's length.</summary>
public interface ITextLimits
{
    int Min { get; }

    int Max { get; }
}

internal sealed class TextValidator<T, TProperty>(Func<TProperty, string?> read, int min, int max, bool allowNewline, bool isRequired)
    : PropertyValidator<T, TProperty>,
        ITextLimits
{
    public override string Name => "Text";

    public int Min => min;

    public int Max => max;

    public override bool IsValid(ValidationContext<T> context, TProperty value)
    {
        var reason =
            read(value) is { } text ? TextRules.RefusalOf(text, min, max, allowNewline)
            : isRequired ? "Is required."
            : null;
        if (reason is null)
        {
            return true;
        }

        context.MessageFormatter.AppendArgument("Reason", reason);
        return false;
    }

    protected override string GetDefaultMessageTemplate(string errorCode) => "{Reason}";
}
