namespace NetPilot.Identity.Features.LogOut;

internal sealed class LogoutEndpoint(SessionEndings endings) : EndpointWithoutRequest
{
    public override void Configure()
    {
        Post("auth/logout");
        Description(b => b.AnswersEmpty(204));
        this.Describe("Sessions", "Log out", "Ends the session of the access token. Its tokens are refused at once.");
    }

    public override async Task HandleAsync(CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        await endings.EndAsync(caller.UserId, caller.SessionId, SessionEndReason.Logout, cancellationToken);
        await Send.NoContentAsync(cancellationToken);
    }
}
