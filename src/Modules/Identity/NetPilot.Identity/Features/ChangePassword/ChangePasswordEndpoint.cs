using Microsoft.AspNetCore.Builder;

namespace NetPilot.Identity.Features.ChangePassword;

internal sealed class ChangePasswordEndpoint(
    IdentityDbContext db,
    PasswordHasher passwords,
    PasswordCheck check,
    LoginGuard guard,
    SessionEndings endings
) : Endpoint<ChangePasswordRequest>
{
    public override void Configure()
    {
        Post("me/password");
        Description(b =>
            b.AnswersEmpty(204)
                .Refuses(ErrorCodes.InvalidCredentials, ErrorCodes.TooManyAttempts, ErrorCodes.ServerBusy)
                .WithMetadata(new HashesPassword())
        );
        this.Describe(
            "Account",
            "Change my password",
            "Every other session of the account ends. A wrong `currentPassword` counts as a failed login."
        );
    }

    public override async Task HandleAsync(ChangePasswordRequest request, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().CallerAsync(HttpContext, cancellationToken);
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
        var sessionId = HttpContext.Caller().SessionId;
        var isChanged = await guard.WithoutCountingAsync(
            attempt,
            async () =>
            {
                var hash = await place.HashAsync(request.NewPassword!, cancellationToken);
                var terms = endings.Terms(SessionEndReason.PasswordChanged);
                return await endings.ChangeAsync(
                    batch => WritePassword.ByOwner(batch, user, hash, attempt.Id, sessionId, terms),
                    cancellationToken
                );
            }
        );
        if (!isChanged)
        {
            throw new ProblemException(AccountProblems.InvalidCredentials());
        }

        await Send.NoContentAsync(cancellationToken);
    }
}

/// <summary>The present password and the new one.</summary>
/// <example>{"currentPassword":"a-fresh-breeze-in-the-attic","newPassword":"a-warm-lamp-in-the-cellar"}</example>
internal sealed class ChangePasswordRequest
{
    /// <summary>The password that the account has.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? CurrentPassword { get; init; }

    /// <summary>The one that it is to have, by the rules of registering.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? NewPassword { get; init; }
}

internal sealed class ChangePasswordValidator : Validator<ChangePasswordRequest>
{
    public ChangePasswordValidator()
    {
        RuleFor(request => request.CurrentPassword).PresentPassword();
        RuleFor(request => request.NewPassword).NewPassword(_ => null);
    }
}
