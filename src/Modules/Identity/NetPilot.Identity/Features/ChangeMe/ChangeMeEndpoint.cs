using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ChangeMe;

internal sealed class ChangeMeEndpoint(IdentityDbContext database) : Endpoint<ChangeMeRequest, UserView>
{
    public override void Configure()
    {
        Patch("/me");
        Description(endpoint => endpoint.Answers<UserView>(200).Refuses(503));
        Summary(summary =>
        {
            summary.Summary = "Change my account";
            summary.Description = "What is absent stays; `null` clears the name.";
        });
    }

    public override async Task HandleAsync(ChangeMeRequest request, CancellationToken cancellationToken)
    {
        var userId = HttpContext.Caller().UserId;
        var user =
            await database.Users.SingleOrDefaultAsync(user => user.Id == userId, cancellationToken)
            ?? throw new ProblemException(Problem.Unauthorized());
        user.Rename(request.FullName.Or(user.FullName));
        await database.SaveChangesAsync(cancellationToken);
        await Send.OkAsync(UserView.Of(user), cancellationToken);
    }
}

internal sealed record ChangeMeRequest
{
    /// <summary>What to call the user; null for nothing.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> FullName { get; init; }
}

internal sealed class ChangeMeValidator : Validator<ChangeMeRequest>
{
    public ChangeMeValidator() => RuleFor(request => request.FullName).Text(1, Data.User.MaxFullName);
}
