using System.Text.RegularExpressions;
using FluentValidation;
using NetPilot.Identity.Data;

namespace NetPilot.Identity.Accounts;

/// <summary>The rules for what an account is made of.</summary>
internal static partial class AccountRules
{
    private const int MaxLocalPart = 64;

    /// <summary>An e-mail address that must be there. Spaces around it are the typist's, not the address's.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> Email<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Custom(
            (value, context) =>
            {
                if (value is null)
                {
                    context.AddFailure("Is required.");
                }
                else if (!IsEmail(Trim(value)))
                {
                    context.AddFailure($"Must be an e-mail address of at most {User.MaxEmail} ASCII characters.");
                }
            }
        );

    public static string Trim(string email) => email.Trim(' ');

    private static bool IsEmail(string email) =>
        email.Length <= User.MaxEmail && email.IndexOf('@', StringComparison.Ordinal) <= MaxLocalPart && Form().IsMatch(email);

    // The form that mail is sent to in practice: dots between atoms before the @, a domain of two or more labels after it.
    [GeneratedRegex(
        @"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\z",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Form();
}
