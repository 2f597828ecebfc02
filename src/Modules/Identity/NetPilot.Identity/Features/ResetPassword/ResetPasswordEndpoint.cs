namespace NetPilot.Identity.Features.ResetPassword;

internal sealed class ResetPasswordEndpoint(IdentityDbContext db, PasswordHasher passwords, SessionEndings endings, TimeProvider time)
    : Endpoint<ResetPasswordRequest>
{
    public override void Configure()
    {
        Post("auth/password/reset");
        AllowAnonymous();
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.InvalidResetToken, ErrorCodes.ServerBusy));
        this.Describe(
            "Account",
            "Set a new password with a reset token",
            "Takes the token of a mail, or one that an admin created. Every session of the account ends."
        );
    }

    public override async Task HandleAsync(ResetPasswordRequest request, CancellationToken cancellationToken)
    {
        // The hash is expensive, so it is made for a valid token only.
        if (Secret.Read(request.Token) is not { } token || await FindAsync(token, cancellationToken) is not { } user)
        {
            throw new ProblemException(AccountProblems.InvalidResetToken());
        }

        PasswordPolicy.Demand(request.NewPassword!, user.Email);
        using var place = passwords.TakePlace();
        var hash = await place.HashAsync(request.NewPassword!, cancellationToken);
        var terms = endings.Terms(SessionEndReason.PasswordChanged);
        var isChanged = await endings.ChangeAsync(
            batch => WritePassword.ByToken(batch, user, hash, token.Hash(), LoginGuard.AccountOf(user.Email), terms),
            cancellationToken
        );
        if (!isChanged)
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

/// <summary>A reset token and the new password.</summary>
/// <example>{"token":"Zk3vT9xQ1bR7mN4cW8yL2pH6sD0fG5jK_aE-uI9oX1M","newPassword":"a-fresh-breeze-in-the-attic"}</example>
internal sealed class ResetPasswordRequest
{
    /// <summary>The token, as the link's fragment has it.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Token { get; init; }

    /// <summary>The new password, by the rules of registering.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? NewPassword { get; init; }
}

internal sealed class ResetPasswordValidator : Validator<ResetPasswordRequest>
{
    public ResetPasswordValidator()
    {
        RuleFor(request => request.Token).RequiredText(1);
        RuleFor(request => request.NewPassword).NewPassword(_ => null);
    }
}
