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
    private static readonly Keyset<UserRouter> Newest = new(router => router.CreatedAt, router => router.Id);

    public override void Configure()
    {
        Get("routers");
        Tags("Routers");
        Summary(s =>
        {
            s.Summary = "List my routers";
            s.Description = "Lists the routers of the caller, newest first.";
        });
        Description(b => b.Answers<Page<RouterResponse>>(200));
    }

    public override async Task HandleAsync(ListRoutersRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        var userId = HttpContext.Caller().UserId;
        var own = db.Routers.AsNoTracking().Where(router => router.UserId == userId);
        var routers = await HttpContext.PageAsync(own, Newest, page, cancellationToken);
        await Send.OkAsync(routers.Select(RouterResponse.Of), cancellationToken);
    }
}
