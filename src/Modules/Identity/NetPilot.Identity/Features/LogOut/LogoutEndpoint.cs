using FastEndpoints;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Features.LogOut;

internal sealed class LogoutEndpoint(SessionEndings endings) : EndpointWithoutRequest
{
    public override void Configure()
    {
        Post("auth/logout");
        Description(b => b.AnswersEmpty(204).Refuses(503));
        Summary(s =>
        {
            s.Summary = "Log out";
            s.Description = "Ends the session that asks: its tokens are dead at once, on every replica.";
        });
    }

    public override async Task HandleAsync(CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        await endings.EndAsync(caller.UserId, caller.SessionId, SessionEndReason.Logout, cancellationToken);
        await Send.NoContentAsync(cancellationToken);
    }
}
