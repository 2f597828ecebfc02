using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Tokens;

namespace NetPilot.Identity.Features.ResetPassword;

internal sealed class ResetPasswordEndpoint(IdentityDbContext db, PasswordChange change, TimeProvider time) : Endpoint<ResetPasswordRequest>
{
    public override void Configure()
    {
        Post("auth/password/reset");
        AllowAnonymous();
        Description(b => b.AnswersEmpty(204).Refuses(429, 503));
        Summary(s =>
        {
            s.Summary = "Set a new password";
            s.Description = "With the token of a mail, or of an admin. Every session of the account ends.";
        });
    }

    public override async Task HandleAsync(ResetPasswordRequest request, CancellationToken cancellationToken)
    {
        // The hash is expensive, so it is made for a valid token only.
        if (Secret.Read(request.Token) is not { } token || await FindAsync(token, cancellationToken) is not { } user)
        {
            throw new ProblemException(AccountProblems.InvalidResetToken());
        }

        PasswordPolicy.Demand(request.NewPassword!, user.Email);
        if (!await change.ByTokenAsync(token, user, request.NewPassword!, cancellationToken))
        {
            throw new ProblemException(AccountProblems.InvalidResetToken());
        }

        await Send.NoContentAsync(cancellationToken);
    }

    private Task<User?> FindAsync(Secret token, CancellationToken cancellationToken)
    {
        var hash = token.Hash();
        var now = time.UtcNow();
        return db
            .PasswordResets.Where(reset => reset.TokenHash == hash && reset.ExpiresAt > now)
            .Join(db.Users.AsNoTracking(), reset => reset.UserId, user => user.Id, (_, user) => user)
            .SingleOrDefaultAsync(user => user.DeletedAt == null, cancellationToken);
    }
}

internal sealed class ResetPasswordRequest
{
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Token { get; init; }

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? NewPassword { get; init; }
}

internal sealed class ResetPasswordValidator : Validator<ResetPasswordRequest>
{
    public ResetPasswordValidator()
    {
        RuleFor(request => request.Token).RequiredText(1, 1000);
        RuleFor(request => request.NewPassword).NewPassword(_ => null);
    }
}
