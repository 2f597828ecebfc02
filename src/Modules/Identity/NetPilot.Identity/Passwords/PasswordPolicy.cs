using FluentValidation;

namespace NetPilot.Identity.Passwords;

internal static class PasswordPolicy
{
    public const int MinLength = 12;
    public const int MaxLength = 128;

    /// <summary>A required new password, which must not be the e-mail.</summary>
    public static IRuleBuilderOptions<T, string?> NewPassword<T>(this IRuleBuilder<T, string?> rule, Func<T, string?> email) =>
        rule.Refusing(Shape(MinLength), (request, value) => value is null ? "Is required." : RefusalOf(value, email(request)));

    /// <summary>A required password that is only compared. Its characters are counted as they were when it was set.</summary>
    public static IRuleBuilderOptions<T, string?> PresentPassword<T>(this IRuleBuilder<T, string?> rule) =>
        rule.RefusingText(Shape(1), value => TextRules.RefusalOf(TextRules.Normalize(value), 1, MaxLength, allowNewline: false));

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
        var normal = TextRules.Normalize(password);
        return TextRules.RefusalOf(normal, MinLength, MaxLength, allowNewline: false)
            ?? (
                string.Equals(normal, email?.Trim(' '), StringComparison.OrdinalIgnoreCase) ? "Must not be the e-mail address."
                : CommonPasswords.Contain(normal) ? "Must not be one of the most common passwords."
                : null
            );
    }

    private static ValueShape Shape(int minLength) =>
        new()
        {
            NotNull = true,
            MinLength = minLength,
            MaxLength = MaxLength,
            Format = "password",
        };
}
