using Microsoft.AspNetCore.Http.Features;

namespace NetPilot.Identity.Features.ShowMe;

internal sealed class ShowMeEndpoint : EndpointWithoutRequest<UserResponse>
{
    public override void Configure()
    {
        Get("me");
        Description(b => b.Answers<UserResponse>(200));
        this.Describe("Account", "Show my account", "Shows the account that the access token belongs to.");
    }

    // Authentication has read the account with the session.
    public override Task HandleAsync(CancellationToken cancellationToken) =>
        Send.OkAsync(HttpContext.Features.GetRequiredFeature<UserResponse>(), cancellationToken);
}
