namespace NetPilot.Identity.Features.LogIn;

internal sealed class LoginEndpoint(
    IdentityDbContext db,
    PasswordCheck check,
    PasswordHasher passwords,
    LoginGuard guard,
    SessionOpening sessions
) : Endpoint<LoginRequest, TokensResponse>
{
    public override void Configure()
    {
        Post("auth/login");
        AllowAnonymous();
        Description(b =>
            b.Answers<TokensResponse>(200)
                .Refuses(ErrorCodes.InvalidCredentials, ErrorCodes.AccountDisabled, ErrorCodes.TooManyAttempts, ErrorCodes.ServerBusy)
        );
        this.Describe(
            "Sessions",
            "Log in",
            "Opens a session, here and on the Commands-Server. A wrong password and an unknown e-mail address get the same answer."
        );
    }

    public override async Task HandleAsync(LoginRequest request, CancellationToken cancellationToken)
    {
        var login = await VerifyAsync(AccountRules.Trim(request.Email!), request.Password!, cancellationToken);
        var tokens =
            await guard.WithoutCountingAsync(login.Attempt, () => sessions.OpenAsync(login, HttpContext, cancellationToken))
            ?? throw new ProblemException(AccountProblems.InvalidCredentials());
        await Send.OkAsync(tokens, cancellationToken);
    }

    private async Task<VerifiedLogin> VerifyAsync(string email, string password, CancellationToken cancellationToken)
    {
        using var place = passwords.TakePlace();
        User? user = null;
        var attempt = await check.DemandAsync(
            place,
            email,
            password,
            async () => (user = await FindAsync(email, cancellationToken))?.PasswordHash,
            HttpContext,
            cancellationToken
        );
        if (user!.DisabledAt is not null)
        {
            await guard.TakeBackAsync(attempt);
            throw new ProblemException(AccountProblems.AccountDisabled());
        }

        var stronger = passwords.IsOutdated(user.PasswordHash)
            ? await guard.WithoutCountingAsync(attempt, () => place.HashAsync(password, cancellationToken))
            : null;
        return new VerifiedLogin(user.Id, user.PasswordVersion, stronger, attempt);
    }

    private Task<User?> FindAsync(string email, CancellationToken cancellationToken) =>
        db.UsersByEmail(email).AsNoTracking().SingleOrDefaultAsync(user => user.DeletedAt == null, cancellationToken);
}

/// <summary>The credentials of an account.</summary>
/// <example>{"email":"me@example.org","password":"a-fresh-breeze-in-the-attic"}</example>
internal sealed class LoginRequest
{
    /// <summary>The address of the account, in any case.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Email { get; init; }

    /// <summary>Its password.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }
}

internal sealed class LoginValidator : Validator<LoginRequest>
{
    public LoginValidator()
    {
        RuleFor(request => request.Email).Email();
        RuleFor(request => request.Password).PresentPassword();
    }
}
