using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Web;

namespace NetPilot.Routers.Features.ListRouters;

internal sealed class ListRoutersRequest
{
    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}

internal sealed class ListRoutersEndpoint(RoutersDbContext db) : Endpoint<ListRoutersRequest, Page<RouterResponse>>
{
    public override void Configure()
    {
        Get("routers");
        Tags("Routers");
        Summary(s => s.Summary = "Lists the caller's routers, newest first");
        Description(b => b.Answers<Page<RouterResponse>>(200));
    }

    public override async Task HandleAsync(ListRoutersRequest request, CancellationToken ct)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        var userId = HttpContext.Caller().UserId;
        var routers = db.Routers.AsNoTracking().Where(router => router.UserId == userId);
        if (page.After is { } after)
        {
            routers = routers.Where(router =>
                EF.Functions.LessThan(ValueTuple.Create(router.CreatedAt, router.Id), ValueTuple.Create(after.At, after.Id))
            );
        }

        var rows = await routers.OrderByDescending(r => r.CreatedAt).ThenByDescending(r => r.Id).Take(page.Take).ToListAsync(ct);
        await Send.OkAsync(page.ToPage(rows, router => new Position(router.CreatedAt, router.Id), RouterResponse.Of), ct);
    }
}
