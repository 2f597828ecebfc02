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
        rule.RefusingText(Shape(1), value => Read(value, 1).Refusal);

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
        var (normal, refusal) = Read(password, MinLength);
        return refusal
            ?? (
                string.Equals(normal, email?.Trim(' '), StringComparison.OrdinalIgnoreCase) ? "Must not be the e-mail address."
                : CommonPasswords.Contain(normal) ? "Must not be one of the most common passwords."
                : null
            );
    }

    /// <summary>The password as it is hashed, and why it is refused. One that is certainly too long is taken as it is.</summary>
    private static (string Text, string? Refusal) Read(string password, int least)
    {
        var text = TextRules.IsCertainlyLonger(password, MaxLength) ? password : TextRules.Normalize(password, MaxLength);
        return (text, TextRules.RefusalOf(text, least, MaxLength, allowNewline: false));
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
