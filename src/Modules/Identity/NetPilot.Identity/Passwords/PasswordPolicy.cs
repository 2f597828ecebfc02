using System.Text;
using FluentValidation;
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
    public static IRuleBuilderOptionsConditions<T, string?> PresentPassword<T>(this IRuleBuilder<T, string?> rule) =>
        rule.RequiredText(1, MaxLength);

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
        var normal = password.Normalize(NormalizationForm.FormC);
        return TextRules.RefusalOf(normal, MinLength, MaxLength, allowNewline: false)
            ?? (
                string.Equals(normal, email?.Trim(' '), StringComparison.OrdinalIgnoreCase) ? "Must not be the e-mail address."
                : CommonPasswords.Contain(normal) ? "Must not be one of the most common passwords."
                : null
            );
    }
}
