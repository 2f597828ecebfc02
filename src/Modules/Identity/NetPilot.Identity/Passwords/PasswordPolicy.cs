using FluentValidation;
using FluentValidation.Validators;
using NetPilot.Web;

namespace NetPilot.Identity.Passwords;

/// <summary>Which new passwords are taken: long ones that nobody guesses first.</summary>
internal static class PasswordPolicy
{
    public const int MinLength = 12;
    public const int MaxLength = 128;

    /// <summary>A new password that must be there.</summary>
    /// <param name="rule">The field's rule.</param>
    /// <param name="email">The account's e-mail, which must not be its password.</param>
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

    /// <summary>A password that is only compared: whether it is a good one is no question any more.</summary>
    public static IRuleBuilderOptions<T, string?> PresentPassword<T>(this IRuleBuilder<T, string?> rule) =>
        rule.SetValidator(new PresentPasswordValidator<T>());

    /// <summary>Refuses a new password that its own field's rules let pass, because they don't know the e-mail.</summary>
    /// <exception cref="ProblemException">400 <c>validation_failed</c>.</exception>
    public static void Demand(string newPassword, string email)
    {
        if (RefusalOf(newPassword, email) is { } reason)
        {
            throw new ProblemException(Problem.Invalid("newPassword", reason));
        }
    }

    /// <summary>Why a new password is refused; null if it is fine.</summary>
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

/// <summary>Counts a password as the new one was counted, or one that was taken when it was set would be refused when it is compared.</summary>
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
