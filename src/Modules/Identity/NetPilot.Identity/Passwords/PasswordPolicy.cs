using FluentValidation;
using FluentValidation.Validators;

namespace NetPilot.Identity.Passwords;

internal static class PasswordPolicy
{
    public const int MinLength = 12;
    public const int MaxLength = 128;

    /// <summary>A required new password, which must not be the e-mail.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> NewPassword<T>(this IRuleBuilder<T, string?> rule, Func<T, string?> email) =>
        rule.Custom(
            (value, context) =>
            {
                if (value is null)
                {
                    context.AddFailure("Is required.");
                }
                else if (RefusalOf(value, email(context.InstanceToValidate)) is { } reason)
                {
                    context.AddFailure(reason);
                }
            }
        );

    /// <summary>A required password that is only compared.</summary>
    public static IRuleBuilderOptions<T, string?> PresentPassword<T>(this IRuleBuilder<T, string?> rule) =>
        rule.SetValidator(new PresentPasswordValidator<T>());

    /// <summary>Checks a new password against the e-mail, which the request does not contain.</summary>
    /// <exception cref="ProblemException">400 <c>validation_failed</c>.</exception>
    public static void Demand(string newPassword, string email)
    {
        if (RefusalOf(newPassword, email) is { } reason)
        {
            throw new ProblemException(Problem.Invalid("newPassword", reason));
        }
    }

    public static string? RefusalOf(string password, string? email)
    {
        var normal = PasswordText.Normalize(password);
        return TextRules.RefusalOf(normal, MinLength, MaxLength, allowNewline: false)
            ?? (
                string.Equals(normal, email?.Trim(' '), StringComparison.OrdinalIgnoreCase) ? "Must not be the e-mail address."
                : CommonPasswords.Contain(normal) ? "Must not be one of the most common passwords."
                : null
            );
    }
}

/// <summary>Counts the characters of a password as they were counted when it was set.</summary>
internal sealed class PresentPasswordValidator<T> : PropertyValidator<T, string?>, ITextLimits
{
    public override string Name => "Text";

    public int Min => 1;

    public int Max => PasswordPolicy.MaxLength;

    public override bool IsValid(ValidationContext<T> context, string? value)
    {
        var reason = value is null ? "Is required." : TextRules.RefusalOf(PasswordText.Normalize(value), Min, Max, allowNewline: false);
        if (reason is null)
        {
            return true;
        }

        context.MessageFormatter.AppendArgument("Reason", reason);
        return false;
    }

    protected override string GetDefaultMessageTemplate(string errorCode) => "{Reason}";
}
