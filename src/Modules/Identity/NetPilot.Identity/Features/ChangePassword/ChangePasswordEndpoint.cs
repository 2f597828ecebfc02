using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Passwords;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ChangePassword;

internal sealed class ChangePasswordEndpoint(
    IdentityDbContext database,
    PasswordHasher passwords,
    PasswordCheck check,
    PasswordChange change
) : Endpoint<ChangePasswordRequest>
{
    public override void Configure()
    {
        Post("/me/password");
        Description(endpoint => endpoint.AnswersEmpty(204).Refuses(503));
        Summary(summary =>
        {
            summary.Summary = "Change my password";
            summary.Description = "Every other session ends. A wrong present password counts as a failed login.";
        });
    }

    public override async Task HandleAsync(ChangePasswordRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var user =
            await database.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == caller.UserId, cancellationToken)
            ?? throw new ProblemException(Problem.Unauthorized());
        PasswordPolicy.Demand(request.NewPassword!, user.Email);
        using var place = passwords.TakePlace();
        var attempt = await check.DemandAsync(
            place,
            user.Email,
            request.CurrentPassword!,
            () => Task.FromResult<string?>(user.PasswordHash),
            HttpContext,
            cancellationToken
        );
        if (!await change.ByOwnerAsync(place, user, request.NewPassword!, attempt, caller.SessionId, cancellationToken))
        {
            throw new ProblemException(AccountProblems.InvalidCredentials());
        }

        await Send.NoContentAsync(cancellationToken);
    }
}

internal sealed record ChangePasswordRequest
{
    /// <summary>The password that the account has.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? CurrentPassword { get; init; }

    /// <summary>The one that it is to have, by the rules of registering.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? NewPassword { get; init; }

    /// <summary>Says nothing: it holds passwords.</summary>
    public override string ToString() => nameof(ChangePasswordRequest);
}

internal sealed class ChangePasswordValidator : Validator<ChangePasswordRequest>
{
    public ChangePasswordValidator()
    {
        RuleFor(request => request.CurrentPassword).PresentPassword();
        RuleFor(request => request.NewPassword).NewPassword(_ => null);
    }
}
