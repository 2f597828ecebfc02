using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ListSessions;

internal sealed class ListSessionsEndpoint(IdentityDbContext database, TimeProvider time) : Endpoint<ListSessionsRequest, Page<SessionView>>
{
    private static readonly Keyset<Session> Newest = new(session => session.CreatedAt, session => session.Id);

    public override void Configure()
    {
        Get("/auth/sessions");
        Description(endpoint => endpoint.Answers<Page<SessionView>>(200).Refuses(503));
        Summary(summary => summary.Summary = "List my live sessions");
    }

    public override async Task HandleAsync(ListSessionsRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, "sessions");
        var now = time.UtcNow();
        var live = database
            .Sessions.AsNoTracking()
            .Where(session => session.UserId == caller.UserId && session.EndedAt == null && session.ExpiresAt > now);
        var sessions = await live.ToPageAsync(Newest, page, cancellationToken);
        await Send.OkAsync(sessions.Select(session => SessionView.Of(session, caller.SessionId)), cancellationToken);
    }
}

internal sealed record ListSessionsRequest
{
    /// <summary>How many to list at most (1 to 200; 50 unless given).</summary>
    [QueryParam]
    public int? Limit { get; init; }

    /// <summary>Where to go on: <c>nextCursor</c> of the page before.</summary>
    [QueryParam]
    public string? Cursor { get; init; }
}
