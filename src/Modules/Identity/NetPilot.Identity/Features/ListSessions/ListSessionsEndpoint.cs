using FastEndpoints;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Features.ListSessions;

internal sealed class ListSessionsEndpoint(IdentityDbContext db, TimeProvider time) : Endpoint<ListSessionsRequest, Page<SessionResponse>>
{
    public override void Configure()
    {
        Get("auth/sessions");
        Tags("Identity");
        Description(b => b.Answers<Page<SessionResponse>>(200).Refuses(503));
        Summary(s => s.Summary = "List my live sessions");
    }

    public override async Task HandleAsync(ListSessionsRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, "sessions");
        var now = time.UtcNow();
        var live = db
            .Sessions.AsNoTracking()
            .Where(session => session.UserId == caller.UserId && session.EndedAt == null && session.ExpiresAt > now);
        if (page.After is { } after)
        {
            live = live.Where(session =>
                EF.Functions.LessThan(ValueTuple.Create(session.CreatedAt, session.Id), ValueTuple.Create(after.At, after.Id))
            );
        }

        var rows = await live.OrderByDescending(session => session.CreatedAt)
            .ThenByDescending(session => session.Id)
            .Take(page.Take)
            .ToListAsync(cancellationToken);
        await Send.OkAsync(
            page.ToPage(
                rows,
                session => new Position(session.CreatedAt, session.Id),
                session => SessionResponse.Of(session, caller.SessionId)
            ),
            cancellationToken
        );
    }
}

internal sealed class ListSessionsRequest
{
    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}
