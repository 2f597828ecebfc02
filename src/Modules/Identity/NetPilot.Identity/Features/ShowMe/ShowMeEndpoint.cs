using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ShowMe;

internal sealed class ShowMeEndpoint(IdentityDbContext database) : EndpointWithoutRequest<UserView>
{
    public override void Configure()
    {
        Get("/me");
        Description(endpoint => endpoint.Answers<UserView>(200).Refuses(503));
        Summary(summary => summary.Summary = "Show my account");
    }

    public override async Task HandleAsync(CancellationToken cancellationToken)
    {
        var userId = HttpContext.Caller().UserId;
        // Deleted since the request was authenticated: then its token is not valid any more.
        var user =
            await database.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == userId, cancellationToken)
            ?? throw new ProblemException(Problem.Unauthorized());
        await Send.OkAsync(UserView.Of(user), cancellationToken);
    }
}
