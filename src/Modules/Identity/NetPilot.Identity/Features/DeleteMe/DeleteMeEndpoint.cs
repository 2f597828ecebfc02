using FastEndpoints;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Passwords;

namespace NetPilot.Identity.Features.DeleteMe;

internal sealed class DeleteMeEndpoint(
    IdentityDbContext db,
    PasswordHasher passwords,
    PasswordCheck check,
    LoginGuard guard,
    AccountRemoval removal
) : Endpoint<DeleteMeRequest>
{
    public override void Configure()
    {
        Delete("me");
        Description(b => b.AnswersEmpty(204).Refuses(409, 503));
        Summary(s =>
        {
            s.Summary = "Delete my account";
            s.Description =
                "Account, sessions and all that it owns go at once; its routers are reset when they can be reached. A wrong password counts as a failed login. The last admin who can log in stays.";
        });
    }

    public override async Task HandleAsync(DeleteMeRequest request, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().CallerAsync(HttpContext, cancellationToken);
        var attempt = await DemandPasswordAsync(user, request.Password!, cancellationToken);
        if (!await BeginAsync(user, attempt, cancellationToken))
        {
            throw new ProblemException(AccountProblems.InvalidCredentials());
        }

        // The account is deleted, so the rest is not cancelled with the request.
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
            // The caller is the last admin, and the password was right.
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

internal sealed class DeleteMeRequest
{
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }
}

internal sealed class DeleteMeValidator : Validator<DeleteMeRequest>
{
    public DeleteMeValidator() => RuleFor(request => request.Password).PresentPassword();
}
