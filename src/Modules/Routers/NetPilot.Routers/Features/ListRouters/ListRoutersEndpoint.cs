namespace NetPilot.Routers.Features.ListRouters;

internal sealed class ListRoutersEndpoint(RoutersDbContext db) : Endpoint<PageOnlyRequest, Page<RouterResponse>>
{
    private static readonly Keyset<UserRouter> Newest = new(router => router.CreatedAt, router => router.Id);

    public override void Configure()
    {
        Get("routers");
        this.Describe("Routers", "List my routers", "Lists the routers of the caller, newest first.");
        Description(b => b.Answers<Page<RouterResponse>>(200));
    }

    public override async Task HandleAsync(PageOnlyRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        var userId = HttpContext.Caller().UserId;
        var routers = await HttpContext.PageAsync(
            () => db.Routers.AsNoTracking().Where(router => router.UserId == userId),
            Newest,
            page,
            cancellationToken
        );
        await Send.OkAsync(routers.Select(RouterResponse.Of), cancellationToken);
    }
}
