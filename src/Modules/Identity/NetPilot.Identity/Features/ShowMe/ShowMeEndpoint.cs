using FastEndpoints;
using NetPilot.Identity.Accounts;

namespace NetPilot.Identity.Features.ShowMe;

internal sealed class ShowMeEndpoint(IdentityDbContext db) : EndpointWithoutRequest<UserResponse>
{
    public override void Configure()
    {
        Get("me");
        Description(b => b.Answers<UserResponse>(200));
        Tags("Account");
        Summary(s =>
        {
            s.Summary = "Show my account";
            s.Description = "Shows the account that the access token belongs to.";
        });
    }

    public override async Task HandleAsync(CancellationToken cancellationToken)
    {
        await Send.OkAsync(UserResponse.Of(await db.Users.AsNoTracking().CallerAsync(HttpContext, cancellationToken)), cancellationToken);
    }
}
