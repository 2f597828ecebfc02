using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Passwords;
using NetPilot.Persistence;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Identity.Features.Register;

internal sealed class RegisterEndpoint(IdentityDbContext database, PasswordHasher passwords, TimeProvider time)
    : Endpoint<RegisterRequest, UserView>
{
    public override void Configure()
    {
        Post("/auth/register");
        AllowAnonymous();
        Description(endpoint => endpoint.Answers<UserView>(201).Refuses(409, 429, 503));
        Summary(summary =>
        {
            summary.Summary = "Register";
            summary.Description = "Makes an account in the tier `free`. An e-mail has one account, whatever its case.";
        });
    }

    public override async Task HandleAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var email = AccountRules.Trim(request.Email!);
        // Asked before the hash is made, which is the expensive part; the index has the last word.
        if (await database.UsersByEmail(email).AnyAsync(cancellationToken))
        {
            throw new ProblemException(AccountProblems.EmailTaken());
        }

        using var place = passwords.TakePlace();
        var hash = await place.HashAsync(request.Password!, cancellationToken);
        var user = Data.User.Register(time.NewId(), email, hash, request.FullName, time.UtcNow());
        database.Users.Add(user);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception)
            when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(AccountProblems.EmailTaken());
        }

        await Send.ResponseAsync(UserView.Of(user), 201, cancellationToken);
    }
}
