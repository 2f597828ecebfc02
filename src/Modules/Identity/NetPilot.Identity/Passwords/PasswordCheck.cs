using Microsoft.AspNetCore.Http;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Accounts;
using NetPilot.Web;

namespace NetPilot.Identity.Passwords;

/// <summary>Asks whether a password is right, and counts who asks: wherever a password is compared, guessing is limited.</summary>
internal sealed class PasswordCheck(LoginGuard guard)
{
    /// <summary>The password is right, or this ends in a problem. Whoever goes on takes the attempt back together with what it allows.</summary>
    /// <param name="place">Where it is hashed.</param>
    /// <param name="email">The account that the password is tried on.</param>
    /// <param name="password">The password.</param>
    /// <param name="findHash">Reads the account's hash; null where there is no such account, which takes as long and looks the same.</param>
    /// <param name="context">The request.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ProblemException">401 <c>invalid_credentials</c>, 429 <c>too_many_attempts</c>.</exception>
    public async Task<CountedAttempt> DemandAsync(
        PasswordHasher.Place place,
        string email,
        string password,
        Func<Task<string?>> findHash,
        HttpContext context,
        CancellationToken cancellationToken
    )
    {
        var attempt = await guard.CountAsync(email, context, cancellationToken);
        return await place.VerifyAsync(password, await findHash(), cancellationToken)
            ? attempt
            : throw new ProblemException(AccountProblems.InvalidCredentials());
    }
}
