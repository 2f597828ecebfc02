namespace NetPilot.Identity.Features.RevokeSession;

internal sealed class RevokeSessionEndpoint(SessionEndings endings) : Endpoint<RevokeSessionRequest>
{
    public override void Configure()
    {
        Delete("auth/sessions/{id}");
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.SessionNotFound));
        this.Describe("Sessions", "End one of my sessions", "The tokens of the session are refused at once.");
    }

    public override async Task HandleAsync(RevokeSessionRequest request, CancellationToken cancellationToken)
    {
        if (
            !PathId.TryRead(request.Id, out var id)
            || !await endings.EndAsync(HttpContext.Caller().UserId, id, SessionEndReason.Revoked, cancellationToken)
        )
        {
            throw new ProblemException(AccountProblems.SessionNotFound());
        }

        await Send.NoContentAsync(cancellationToken);
    }
}

/// <summary>A request that names an id and nothing more.</summary>
internal sealed class RevokeSessionRequest
{
    /// <summary>The session's id.</summary>
    /// <example>01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string Id { get; init; } = "";
}
