using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Features.RevokeSession;

internal sealed class RevokeSessionEndpoint(SessionEndings endings) : Endpoint<RevokeSessionRequest>
{
    public override void Configure()
    {
        Delete("auth/sessions/{id}");
        Description(b => b.AnswersEmpty(204).Refuses(404, 503));
        Summary(s => s.Summary = "End one of my sessions");
    }

    public override async Task HandleAsync(RevokeSessionRequest request, CancellationToken cancellationToken)
    {
        if (
            !Guid.TryParseExact(request.Id, "D", out var id)
            || !await endings.EndAsync(HttpContext.Caller().UserId, id, SessionEndReason.Revoked, cancellationToken)
        )
        {
            throw new ProblemException(AccountProblems.SessionNotFound());
        }

        await Send.NoContentAsync(cancellationToken);
    }
}

internal sealed class RevokeSessionRequest
{
    [RouteParam]
    public string Id { get; init; } = "";
}
