using System.Text.RegularExpressions;
using FluentValidation;

namespace NetPilot.Identity.Accounts;

internal static partial class AccountRules
{
    /// <summary>A required e-mail address. Spaces around it are ignored.</summary>
    public static IRuleBuilderOptions<T, string?> Email<T>(this IRuleBuilder<T, string?> rule) =>
        rule.RefusingText(
            new ValueShape { MaxLength = User.MaxEmail, Format = "email" },
            value => IsEmail(Trim(value)) ? null : $"Must be an e-mail address of at most {User.MaxEmail} ASCII characters."
        );

    public static string Trim(string email) => email.Trim(' ');

    private static bool IsEmail(string email) => email.Length <= User.MaxEmail && Form().IsMatch(email);

    // Atoms with dots between them, an @, and a domain of two or more labels.
    [GeneratedRegex(
        @"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\z",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Form();
}
