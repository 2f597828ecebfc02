using Microsoft.AspNetCore.Builder;

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
        Description(b =>
            b.AnswersEmpty(204)
                .Refuses(ErrorCodes.InvalidCredentials, ErrorCodes.TooManyAttempts, ErrorCodes.LastAdmin, ErrorCodes.ServerBusy)
                .WithMetadata(new HashesPassword())
        );
        this.Describe(
            "Account",
            "Delete my account",
            "The account, its sessions, routers, devices, blocks and lists are deleted at once. Its routers are reset when they can be reached. A wrong password counts as a failed login. The last admin who can log in cannot be deleted."
        );
    }

    public override async Task HandleAsync(DeleteMeRequest request, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().CallerAsync(HttpContext, cancellationToken);
        var attempt = await DemandPasswordAsync(user, request.Password!, cancellationToken);
        // The password was right though the caller may be the last admin, who cannot be deleted.
        if (!await guard.WithoutCountingAsync(attempt, () => removal.BeginAsync(user, attempt, cancellationToken)))
        {
            throw new ProblemException(AccountProblems.InvalidCredentials());
        }

        // The account is deleted, so the rest is not cancelled with the request.
        await removal.FinishAsync(user.Id, CancellationToken.None);
        await Send.NoContentAsync(cancellationToken);
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

/// <summary>The password of the account.</summary>
/// <example>{"password":"a-fresh-breeze-in-the-attic"}</example>
internal sealed class DeleteMeRequest
{
    /// <summary>The account's password.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }
}

internal sealed class DeleteMeValidator : Validator<DeleteMeRequest>
{
    public DeleteMeValidator() => RuleFor(request => request.Password).PresentPassword();
}
