namespace NetPilot.Identity.Features.ListSessions;

internal sealed class ListSessionsEndpoint(IdentityDbContext db, TimeProvider time) : Endpoint<PageOnlyRequest, Page<SessionResponse>>
{
    private static readonly Keyset<Session> Newest = new(session => session.CreatedAt, session => session.Id);

    public override void Configure()
    {
        Get("auth/sessions");
        Description(b => b.Answers<Page<SessionResponse>>(200));
        this.Describe("Sessions", "List my sessions", "Lists the live sessions of the account, newest first.");
    }

    public override async Task HandleAsync(PageOnlyRequest request, CancellationToken cancellationToken)
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
