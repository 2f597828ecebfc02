using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Passwords;
using NetPilot.Web;

namespace NetPilot.Identity.Features.DeleteMe;

internal sealed class DeleteMeEndpoint(
    IdentityDbContext database,
    PasswordHasher passwords,
    PasswordCheck check,
    LoginGuard guard,
    AccountRemoval removal
) : Endpoint<DeleteMeRequest>
{
    public override void Configure()
    {
        Delete("/me");
        Description(endpoint => endpoint.AnswersEmpty(204).Refuses(409, 503));
        Summary(summary =>
        {
            summary.Summary = "Delete my account";
            summary.Description =
                "Account, sessions and all that it owns go at once; its routers are reset when they can be reached. A wrong password counts as a failed login. The last admin who can log in stays.";
        });
    }

    public override async Task HandleAsync(DeleteMeRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var user =
            await database.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == caller.UserId, cancellationToken)
            ?? throw new ProblemException(Problem.Unauthorized());
        var attempt = await DemandPasswordAsync(user, request.Password!, cancellationToken);
        if (!await BeginAsync(user, attempt, cancellationToken))
        {
            throw new ProblemException(AccountProblems.InvalidCredentials());
        }

        // From here on the account is dead, and the rest happens, whoever waits for it.
        await removal.FinishAsync(user.Id, CancellationToken.None);
        await Send.NoContentAsync(cancellationToken);
    }

    private async Task<bool> BeginAsync(User user, CountedAttempt attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await removal.BeginAsync(user, attempt, cancellationToken);
        }
        catch (ProblemException)
        {
            // The last admin, whose password was right all the same.
            await guard.TakeBackAsync(attempt);
            throw;
        }
    }

    private async Task<CountedAttempt> DemandPasswordAsync(User user, string password, CancellationToken cancellationToken)
    {
        using var place = passwords.TakePlace();
        return await check.DemandAsync(
            place,
            user.Email,
            password,
            () => Task.FromResult<string?>(user.PasswordHash),
            HttpContext,
            cancellationToken
        );
    }
}

internal sealed record DeleteMeRequest
{
    /// <summary>The account's password.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }

    /// <summary>Says nothing: it holds a password.</summary>
    public override string ToString() => nameof(DeleteMeRequest);
}

internal sealed class DeleteMeValidator : Validator<DeleteMeRequest>
{
    public DeleteMeValidator() => RuleFor(request => request.Password).PresentPassword();
}
