namespace NetPilot.Identity.Features.ListSessions;

internal sealed class ListSessionsEndpoint(IdentityDbContext db, TimeProvider time) : Endpoint<ListSessionsRequest, Page<SessionResponse>>
{
    private static readonly Keyset<Session> Newest = new(session => session.CreatedAt, session => session.Id);

    public override void Configure()
    {
        Get("auth/sessions");
        Description(b => b.Answers<Page<SessionResponse>>(200));
        Tags("Sessions");
        Summary(s =>
        {
            s.Summary = "List my sessions";
            s.Description = "Lists the live sessions of the account, newest first.";
        });
    }

    public override async Task HandleAsync(ListSessionsRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, "sessions");
        var now = time.UtcNow();
        var live = db
            .Sessions.AsNoTracking()
            .Where(session => session.UserId == caller.UserId && session.EndedAt == null && session.ExpiresAt > now);
        var sessions = await live.ToPageAsync(Newest, page, cancellationToken);
        await Send.OkAsync(sessions.Select(session => SessionResponse.Of(session, caller.SessionId)), cancellationToken);
    }
}

internal sealed class ListSessionsRequest
{
    /// <summary>How many to list at most (1 to 200; 50 unless given).</summary>
    [QueryParam]
    public int? Limit { get; init; }

    /// <summary>Where to go on: <c>nextCursor</c> of the page before.</summary>
    [QueryParam]
    public string? Cursor { get; init; }
}
