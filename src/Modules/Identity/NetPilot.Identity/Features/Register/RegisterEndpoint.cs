namespace NetPilot.Identity.Features.Register;

internal sealed class RegisterEndpoint(IdentityDbContext db, PasswordHasher passwords, TimeProvider time)
    : Endpoint<RegisterRequest, UserResponse>
{
    public override void Configure()
    {
        Post("auth/register");
        AllowAnonymous();
        Description(b => b.Answers<UserResponse>(201).Refuses(ErrorCodes.EmailTaken, ErrorCodes.ServerBusy));
        this.Describe(
            "Account",
            "Register",
            "Creates an account of the tier `free`. An e-mail address has one account, whatever its case."
        );
    }

    public override async Task HandleAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var email = AccountRules.Trim(request.Email!);
        // Saves the hash, which is expensive. The unique index decides.
        if (await db.UsersByEmail(email).AnyAsync(cancellationToken))
        {
            throw new ProblemException(AccountProblems.EmailTaken());
        }

        using var place = passwords.TakePlace();
        var hash = await place.HashAsync(request.Password!, cancellationToken);
        var user = Data.Entities.User.Register(time.NewId(), email, hash, request.FullName, time.UtcNow());
        db.Users.Add(user);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception)
            when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(AccountProblems.EmailTaken());
        }

        await Send.ResponseAsync(UserResponse.Of(user), 201, cancellationToken);
    }
}
