using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ResetPassword;

internal sealed class ResetPasswordEndpoint(IdentityDbContext database, PasswordChange change, TimeProvider time)
    : Endpoint<ResetPasswordRequest>
{
    public override void Configure()
    {
        Post("/auth/password/reset");
        AllowAnonymous();
        Description(endpoint => endpoint.AnswersEmpty(204).Refuses(429, 503));
        Summary(summary =>
        {
            summary.Summary = "Set a new password";
            summary.Description = "With the token of a mail, or of an admin. Every session of the account ends.";
        });
    }

    public override async Task HandleAsync(ResetPasswordRequest request, CancellationToken cancellationToken)
    {
        // The hash, which is the expensive part, is made only for a token that is good.
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

    private Task<Data.User?> FindAsync(Secret token, CancellationToken cancellationToken)
    {
        var hash = token.Hash();
        var now = time.UtcNow();
        return database
            .PasswordResets.Where(reset => reset.TokenHash == hash && reset.ExpiresAt > now)
            .Join(database.Users.AsNoTracking(), reset => reset.UserId, user => user.Id, (_, user) => user)
            .SingleOrDefaultAsync(user => user.DeletedAt == null, cancellationToken);
    }
}

internal sealed record ResetPasswordRequest
{
    /// <summary>The token, as the link's fragment has it.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Token { get; init; }

    /// <summary>The new password, by the rules of registering.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? NewPassword { get; init; }

    /// <summary>Says nothing: it holds a password and a credential.</summary>
    public override string ToString() => nameof(ResetPasswordRequest);
}

internal sealed class ResetPasswordValidator : Validator<ResetPasswordRequest>
{
    public ResetPasswordValidator()
    {
        RuleFor(request => request.Token).RequiredText(1, 1000);
        RuleFor(request => request.NewPassword).NewPassword(_ => null);
    }
}
